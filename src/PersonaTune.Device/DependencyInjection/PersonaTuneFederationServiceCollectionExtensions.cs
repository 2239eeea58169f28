using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using PersonaTune.Device.Consent;
using PersonaTune.Device.Federation;
using PersonaTune.Device.Keys;
using PersonaTune.Device.Scheduling;
using PersonaTune.Device.Storage;

namespace PersonaTune.Device.DependencyInjection;

/// <summary>Sets opt-in federated rounds up in a dependency-injection container.</summary>
public static class PersonaTuneFederationServiceCollectionExtensions
{
    /// <summary>
    /// Registers <see cref="FederatedClientSource"/> as a singleton and, where the application has not, <see cref="SealedStore"/>, <see cref="ConsentLedger"/>, <see cref="ConsentPolicy"/>,
    /// <see cref="IDeviceConditions"/> and <see cref="IAttestationProvider"/>. Beside AddPersonaTune or AddPersonaTunePhotos, call those first: all share a store then. Nothing is sent before
    /// <see cref="FederatedClientSource.GetAsync"/>, and nothing is contributed before the user's consent for <see cref="ConsentPurpose.FederatedLearning"/> is in the ledger.
    /// </summary>
    /// <remarks>
    /// Options are checked when the host starts or at their first use. The application runs rounds with <see cref="FederatedClient.RunOnceAsync"/> or a <see cref="FederatedWorker"/> over
    /// <see cref="FederatedClientSource.GetAsync"/>, and brings the trainer of each task.
    /// </remarks>
    /// <param name="services">The collection.</param>
    /// <param name="configure">Sets the options.</param>
    public static IServiceCollection AddPersonaTuneFederation(this IServiceCollection services, Action<PersonaTuneFederationOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        services.AddOptions<PersonaTuneFederationOptions>().Configure(configure).ValidateOnStart();
        var (ownsStore, ownsAttestation) = (!Has(services, typeof(SealedStore)), !Has(services, typeof(IAttestationProvider)));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<PersonaTuneFederationOptions>>(new PersonaTuneFederationOptionsValidator(ownsStore, ownsAttestation)));

        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(provider => Options(provider).KeyProtector!(provider));
        // A container creates synchronously; the store does its work on the thread pool, so that waiting here cannot deadlock.
        services.TryAddSingleton(provider => Task.Run(() => SealedStore.OpenOrCreateAsync(
            new SealedStoreOptions { Folder = Options(provider).StoreFolder }, provider.GetRequiredService<IKeyProtector>())).GetAwaiter().GetResult());
        services.TryAddSingleton(provider => new ConsentLedger(provider.GetRequiredService<SealedStore>(), provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton(provider => new ConsentPolicy(provider.GetRequiredService<ConsentLedger>(), ConsentMode.Explicit, provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton(_ => UnknownDeviceConditions.ForThisPlatform());
        services.TryAddSingleton(provider => Options(provider).Attestation!(provider));
        services.TryAddSingleton(provider =>
        {
            var options = Options(provider);
            return new FederatedClientSource(
                options, provider.GetRequiredService<SealedStore>(), provider.GetRequiredService<ConsentPolicy>(), provider.GetRequiredService<IDeviceConditions>(),
                provider.GetRequiredService<IAttestationProvider>(), options.HttpHandler?.Invoke(provider), provider.GetRequiredService<TimeProvider>());
        });
        return services;
    }

    private static bool Has(IServiceCollection services, Type type) => services.Any(service => service.ServiceType == type);

    private static PersonaTuneFederationOptions Options(IServiceProvider provider) => provider.GetRequiredService<IOptions<PersonaTuneFederationOptions>>().Value;
}
