using PersonaTune.Device.Chat;
using PersonaTune.Device.Consent;
using PersonaTune.Device.Keyboard;
using PersonaTune.Device.Keys;
using PersonaTune.Device.Personalization;
using PersonaTune.Device.Scheduling;

namespace PersonaTune.Device.DependencyInjection;

/// <summary>What <see cref="PersonaTuneServiceCollectionExtensions.AddPersonaTune"/> sets up.</summary>
public sealed class PersonaTuneOptions
{
    /// <summary>The base model, a GGUF file. Required.</summary>
    public string ModelPath { get; set; } = "";

    /// <summary>Folder of the encrypted store; created on first use. Required.</summary>
    public string StoreFolder { get; set; } = "";

    /// <summary>Makes what guards the store's keys: a passphrase, a key file, or the platform's keystore. Required. Disposed with the container.</summary>
    public Func<IServiceProvider, IKeyProtector>? KeyProtector { get; set; }

    /// <summary>What counts as consent where no receipt was recorded. Default: nothing, every person is asked.</summary>
    public ConsentMode ConsentMode { get; set; } = ConsentMode.Explicit;

    /// <summary>The person whose n-grams the registered suggester knows. Default "user".</summary>
    public string User { get; set; } = "user";

    /// <summary>Threads to compute with; 0 takes one for each processor. Default 0.</summary>
    public int Threads { get; set; }

    /// <summary>Adapters kept besides the active one, for rollback. Default 3.</summary>
    public int KeepInactiveAdapters { get; set; } = 3;

    /// <summary>What is trained and when it is promoted.</summary>
    public PersonalizationOptions Personalization { get; set; } = new();

    /// <summary>When training may run.</summary>
    public SchedulingOptions Scheduling { get; set; } = new();

    /// <summary>How words are suggested.</summary>
    public SuggestionOptions Suggestions { get; set; } = new();

    /// <summary>How the chat client answers.</summary>
    public ChatClientOptions Chat { get; set; } = new();
}
