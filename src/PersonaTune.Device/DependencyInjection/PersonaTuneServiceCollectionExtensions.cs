using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using PersonaTune.Device.Adapters;
using PersonaTune.Device.Chat;
using PersonaTune.Device.Consent;
using PersonaTune.Device.Keyboard;
using PersonaTune.Device.Keys;
using PersonaTune.Device.Personalization;
using PersonaTune.Device.Scheduling;
using PersonaTune.Device.Storage;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Models;

namespace PersonaTune.Device.DependencyInjection;

/// <summary>Sets personalization up in a dependency-injection container.</summary>
public static class PersonaTuneServiceCollectionExtensions
{
    /// <summary>
    /// Registers as singletons: <see cref="DecoderModel"/>, <see cref="WorkerPool"/>, <see cref="IKeyProtector"/>, <see cref="SealedStore"/>,
    /// <see cref="ConsentLedger"/>, <see cref="ConsentPolicy"/>, <see cref="AdapterLibrary"/>, <see cref="AdapterTransfer"/>, <see cref="AdapterSlot"/>, <see cref="IDeviceConditions"/>, <see cref="TrainingScheduler"/>,
    /// <see cref="Personalizer"/>, <see cref="WordSuggester"/> and <see cref="IChatClient"/>. What the application registered before stays, for example its own
    /// <see cref="IDeviceConditions"/> or <see cref="ConsentPolicy"/>. Everything is created on first use and disposed with the
    /// container, dependants first.
    /// </summary>
    /// <remarks>
    /// Options are checked when the host starts or at their first use. Creating the store derives its key, which takes part of a second
    /// by design: resolve <see cref="SealedStore"/> early and off the user-interface thread. Then call
    /// <see cref="Personalizer.UseAsync"/> with the person, so that their adapter is in the slot.
    /// </remarks>
    /// <param name="services">The collection.</param>
    /// <param name="configure">Sets the options.</param>
    public static IServiceCollection AddPersonaTune(this IServiceCollection services, Action<PersonaTuneOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        services.AddOptions<PersonaTuneOptions>().Configure(configure).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<PersonaTuneOptions>, PersonaTuneOptionsValidator>());

        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(provider => new WorkerPool(Options(provider).Threads));
        services.TryAddSingleton(provider => ModelLoader.Load(Options(provider).ModelPath));
        services.TryAddSingleton(provider => Options(provider).KeyProtector!(provider));
        services.TryAddSingleton(OpenStore);
        services.TryAddSingleton(provider => new ConsentLedger(provider.GetRequiredService<SealedStore>(), provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton(provider => new ConsentPolicy(
            provider.GetRequiredService<ConsentLedger>(), Options(provider).ConsentMode, provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton(provider => new AdapterLibrary(
            provider.GetRequiredService<SealedStore>(), provider.GetRequiredService<TimeProvider>(), Options(provider).KeepInactiveAdapters));
        services.TryAddSingleton(provider => new AdapterTransfer(
            provider.GetRequiredService<DecoderModel>(), provider.GetRequiredService<AdapterLibrary>(), provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton(provider => new AdapterSlot(provider.GetRequiredService<DecoderModel>()));
        services.TryAddSingleton(_ => UnknownDeviceConditions.ForThisPlatform());
        services.TryAddSingleton(provider => new TrainingScheduler(
            provider.GetRequiredService<IDeviceConditions>(), Options(provider).Scheduling, provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton(provider => new Personalizer(
            provider.GetRequiredService<DecoderModel>(),
            provider.GetRequiredService<WorkerPool>(),
            provider.GetRequiredService<SealedStore>(),
            provider.GetRequiredService<AdapterLibrary>(),
            provider.GetRequiredService<AdapterSlot>(),
            provider.GetRequiredService<TrainingScheduler>(),
            provider.GetRequiredService<ConsentPolicy>(),
            Options(provider).Personalization,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetService<ILogger<Personalizer>>()));
        services.TryAddSingleton(CreateSuggester);
        services.TryAddSingleton<IChatClient>(provider => new PersonaTuneChatClient(
            provider.GetRequiredService<AdapterSlot>(), provider.GetRequiredService<WorkerPool>(), Options(provider).Chat,
            provider.GetRequiredService<TimeProvider>()));
        return services;
    }

    private static PersonaTuneOptions Options(IServiceProvider provider) => provider.GetRequiredService<IOptions<PersonaTuneOptions>>().Value;

    private static WordSuggester CreateSuggester(IServiceProvider provider)
    {
        var options = Options(provider);
        return Task.Run(() => provider.GetRequiredService<Personalizer>().CreateSuggesterAsync(options.User, options.Suggestions)).GetAwaiter().GetResult();
    }

    private static SealedStore OpenStore(IServiceProvider provider) =>
        // A container creates synchronously; the store does its work on the thread pool, so that waiting here cannot deadlock.
        Task.Run(() => SealedStore.OpenOrCreateAsync(
            new SealedStoreOptions { Folder = Options(provider).StoreFolder }, provider.GetRequiredService<IKeyProtector>())).GetAwaiter().GetResult();
}
