using PersonaTune.Device.Consent;
using PersonaTune.Device.Keys;
using PersonaTune.Device.Photos;

namespace PersonaTune.Device.DependencyInjection;

/// <summary>What <see cref="PersonaTunePhotosServiceCollectionExtensions.AddPersonaTunePhotos"/> sets up.</summary>
public sealed class PersonaTunePhotosOptions
{
    /// <summary>The picture encoder: a .tflite or GGUF file, or a Hugging Face folder. Required.</summary>
    public string EncoderPath { get; set; } = "";

    /// <summary>Folder of the encrypted store; created on first use. Required unless the application registered a store before, for example with AddPersonaTune.</summary>
    public string StoreFolder { get; set; } = "";

    /// <summary>Makes what guards the store's keys. Required where <see cref="StoreFolder"/> is.</summary>
    public Func<IServiceProvider, IKeyProtector>? KeyProtector { get; set; }

    /// <summary>What counts as consent where no receipt was recorded and no policy was registered before. Default: nothing, every person is asked.</summary>
    public ConsentMode ConsentMode { get; set; } = ConsentMode.Explicit;

    /// <summary>Threads to compute with where no pool was registered before; 0 takes one for each processor. Default 0.</summary>
    public int Threads { get; set; }

    /// <summary>How labels are learned.</summary>
    public PhotoLabelerOptions Labels { get; set; } = new();
}
