using Microsoft.Extensions.DependencyInjection;
using PersonaTune.Device.Consent;
using PersonaTune.Device.DependencyInjection;
using PersonaTune.Device.Federation;
using PersonaTune.Device.Keys;
using PersonaTune.Device.Scheduling;
using PersonaTune.Device.Storage;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Aggregator.Tests.Endpoints;

/// <summary>An application's device as a developer sets it up: a container over a sealed store of its own.</summary>
internal sealed class ContainerDevice : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("personatune-device-").FullName;
    private readonly TestService _service;
    private readonly Func<HttpMessageHandler>? _handler;
    private readonly TimeProvider _time;
    private ServiceProvider _provider;

    public ContainerDevice(TestService service, Func<HttpMessageHandler>? handler = null, TimeProvider? time = null)
    {
        (_service, _handler, _time) = (service, handler, time ?? TimeProvider.System);
        _provider = Build();
    }

    public FederatedClientSource Source => _provider.GetRequiredService<FederatedClientSource>();

    public ConsentLedger Consents => _provider.GetRequiredService<ConsentLedger>();

    public SealedStore Store => _provider.GetRequiredService<SealedStore>();

    public Task<ConsentReceipt> ConsentAsync() => Consents.GiveAsync(new ConsentTerms(
        "user", ConsentPurpose.FederatedLearning, "messages", ReadOnlyMemory<byte>.Empty, 50, 50, _time.GetUtcNow().AddDays(100)));

    /// <summary>Ends the process, as it were, and starts the next one over the same store.</summary>
    public async Task RestartAsync()
    {
        await _provider.DisposeAsync();
        _provider = Build();
    }

    public async ValueTask DisposeAsync()
    {
        await _provider.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private ServiceProvider Build()
    {
        var keys = _service.Keys.Keys();
        var services = new ServiceCollection();
        services.AddSingleton(_time);
        services.AddSingleton<IDeviceConditions>(new ManualDeviceConditions());
        services.AddPersonaTuneFederation(options =>
        {
            options.Address = _service.Http.BaseAddress;
            options.AuthorityCertificate = keys.AuthorityCertificate;
            options.ServerKey = keys.ServerPublicKey;
            options.OperatorKeys = [keys.OperatorPublicKey];
            options.Attestation = _ => new TokenAttestationProvider(_service.Keys.EnrolmentToken!);
            options.StoreFolder = Path.Combine(_folder, "store");
            options.KeyProtector = _ => PassphraseProtector.FromArgon2id("correct horse", new Argon2Parameters(8, 1, 1));
            options.Policy = new FederatedPolicy
            {
                MaximumEpsilon = 50,
                MinimumCohort = 4,
                MinimumExamples = 1,
                MinimumSeparation = TimeSpan.Zero,
                RequireMains = false,
                RequireIdle = false,
            };
            options.TotalEpsilon = 50;
            options.Connection.FirstPause = TimeSpan.FromMilliseconds(20);
            if (_handler is not null) options.HttpHandler = _ => _handler();
        });
        return services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
    }
}
