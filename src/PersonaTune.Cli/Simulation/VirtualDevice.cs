using System.Security.Cryptography;
using PersonaTune.Device.Federation;
using PersonaTune.Privacy.Mechanisms;
using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Cli.Simulation;

/// <summary>One device of the fleet: the production client over real HTTP, with memory that outlives its crashes but not the simulation.</summary>
internal sealed class VirtualDevice : IDisposable
{
    private readonly Fleet _fleet;
    private readonly IdentityKey _identity;
    private readonly HttpClient _http;
    private readonly VolatileRoundMemory _rounds = new();
    private readonly VolatileReleaseMemory _releases = new();
    private int _attempts;

    private VirtualDevice(Fleet fleet, int number, IdentityKey identity)
    {
        (_fleet, Number, _identity) = (fleet, number, identity);
        var lies = fleet.Faults.Lies(number) && fleet.Faults.Liar >= LiarKind.Truncate;
        _http = new HttpClient(lies ? new LyingHandler(fleet.Connections, fleet.Faults.Liar) : fleet.Connections, disposeHandler: false) { BaseAddress = fleet.Address, Timeout = TimeSpan.FromMinutes(5) };
    }

    public int Number { get; }

    /// <summary>Enrols a device with the authority.</summary>
    public static async Task<VirtualDevice> EnrolAsync(Fleet fleet, int number, string token, CancellationToken cancellationToken)
    {
        using var http = new HttpClient(fleet.Connections, disposeHandler: false) { BaseAddress = fleet.Address };
        var (identity, _) = await DeviceEnrolment.EnrolAsync(
            new AggregatorClient(http, null, fleet.ClientOptions), fleet.Keys.Audience, ECDsa.Create(ECCurve.NamedCurves.nistP256), new TokenAttestationProvider(token), cancellationToken);
        return new VirtualDevice(fleet, number, identity);
    }

    /// <summary>Takes part once; null if the device was lost on the way.</summary>
    public async Task<ParticipationOutcome?> RunAsync(OfferedTask task, CancellationToken cancellationToken)
    {
        var attempt = Interlocked.Increment(ref _attempts);
        var slow = _fleet.Faults.IsSlow(Number);
        using var randomness = _fleet.Seeded ? new SeededNoiseSource(SHA256.HashData([.. BitConverter.GetBytes(_fleet.Faults.Seed), .. BitConverter.GetBytes(Number)]), (ulong)attempt) : null;
        using var authority = _fleet.Authority();
        var client = new FederatedClient(new FederatedClientOptions
        {
            Service = new AggregatorClient(_http, _identity, _fleet.ClientOptions),
            Identity = _identity,
            Authority = authority,
            ServerKey = _fleet.Keys.ServerKey,
            OperatorKeys = _fleet.Keys.OperatorKeys,
            Rounds = _rounds,
            Releases = _releases,
            Budget = _ => new FreeBudget(),
            Admit = (_, _, _) => ValueTask.FromResult<string?>(null),
            Consent = (_, _) => ValueTask.FromResult<string?>(new string('0', 32)),
            CohortFloor = 1,
            RequirePrivacy = false,
            RequireSecureAggregation = false,
            Randomness = randomness,
            Observer = async (step, token) =>
            {
                if (_fleet.Faults.Vanishes(Number, attempt, step)) throw new SimulatedLossException();
                if (slow) await Task.Delay(_fleet.Faults.SlowDelay, token);
            },
        });
        var trainer = _fleet.Workload.Trainer(Number);
        if (_fleet.Faults.Lies(Number) && _fleet.Faults.Liar < LiarKind.Truncate) trainer = new LyingTrainer(trainer, _fleet.Faults.Liar);
        try
        {
            return await client.RunOnceAsync(task, new QueuedTrainer(trainer, _fleet.Processors), cancellationToken);
        }
        catch (SimulatedLossException)
        {
            return null;
        }
        catch (NonFiniteUpdateException e)
        {
            return new ParticipationOutcome(ParticipationEnd.Refused, e.Message, 0, true, DateTimeOffset.MinValue, 0, 0);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _http.Dispose();
        _identity.Dispose();
    }
}
