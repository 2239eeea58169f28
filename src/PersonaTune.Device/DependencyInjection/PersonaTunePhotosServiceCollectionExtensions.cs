using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using PersonaTune.Device.Consent;
using PersonaTune.Device.Photos;
using PersonaTune.Device.Storage;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Vision;

namespace PersonaTune.Device.DependencyInjection;

/// <summary>Sets photo labels up in a dependency-injection container.</summary>
public static class PersonaTunePhotosServiceCollectionExtensions
{
    /// <summary>
    /// Registers <see cref="PhotoEncoder"/> and <see cref="PhotoLabeler"/> as singletons and, where the application has not, <see cref="SealedStore"/>,
    /// <see cref="ConsentPolicy"/> and <see cref="WorkerPool"/>. Beside AddPersonaTune, call that one first: both then share a store. Everything is created on first use and
    /// disposed with the container; resolve the store early and off the user-interface thread.
    /// </summary>
    /// <param name="services">The collection.</param>
    /// <param name="configure">Sets the options.</param>
    public static IServiceCollection AddPersonaTunePhotos(this IServiceCollection services, Action<PersonaTunePhotosOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        services.AddOptions<PersonaTunePhotosOptions>().Configure(configure)
            .Validate(options => !string.IsNullOrWhiteSpace(options.EncoderPath), "PersonaTunePhotosOptions.EncoderPath is empty; set the path of a .tflite or GGUF encoder, or of a Hugging Face folder")
            .Validate(options => options.Threads is >= 0 and <= 1024, "PersonaTunePhotosOptions.Threads must be 0 to 1024")
            .ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(provider => new WorkerPool(Options(provider).Threads));
        services.TryAddSingleton(provider => (Options(provider).KeyProtector
            ?? throw new OptionsValidationException(nameof(PersonaTunePhotosOptions), typeof(PersonaTunePhotosOptions), ["PersonaTunePhotosOptions.KeyProtector is not set; give a passphrase, a key file or the platform's keystore"]))(provider));
        // A container creates synchronously; the store does its work on the thread pool, so that waiting here cannot deadlock.
        services.TryAddSingleton(provider => Task.Run(() => SealedStore.OpenOrCreateAsync(
            new SealedStoreOptions { Folder = Options(provider).StoreFolder }, provider.GetRequiredService<Keys.IKeyProtector>())).GetAwaiter().GetResult());
        services.TryAddSingleton(provider => new ConsentLedger(provider.GetRequiredService<SealedStore>(), provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton(provider => new ConsentPolicy(provider.GetRequiredService<ConsentLedger>(), Options(provider).ConsentMode, provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton(provider => PhotoEncoder.Open(Options(provider).EncoderPath));
        services.TryAddSingleton(provider => new PhotoLabeler(provider.GetRequiredService<PhotoEncoder>(), provider.GetRequiredService<WorkerPool>(), provider.GetRequiredService<SealedStore>(),
            Options(provider).Labels, provider.GetRequiredService<ConsentPolicy>(), provider.GetRequiredService<TimeProvider>()));
        return services;
    }

    private static PersonaTunePhotosOptions Options(IServiceProvider provider) => provider.GetRequiredService<IOptions<PersonaTunePhotosOptions>>().Value;
}
