using System.Security.Cryptography.X509Certificates;
using PersonaTune.Device.Federation;
using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Protocol.Enrolment;

namespace PersonaTune.Cli.Simulation;

/// <summary>Virtual devices and what they share. Thread-safe.</summary>
internal sealed class Fleet : IDisposable
{
    private readonly List<VirtualDevice> _devices = [];

    public Fleet(Uri address, ServiceKeys keys, IWorkload workload, FaultPlan faults, bool seeded)
    {
        (Address, Keys, Workload, Faults, Seeded) = (address, keys, workload, faults, seeded);
        Connections = new SocketsHttpHandler { MaxConnectionsPerServer = 2048, PooledConnectionLifetime = Timeout.InfiniteTimeSpan };
        ClientOptions = new AggregatorClientOptions { Audience = keys.Audience, MaximumAnswer = 1L << 30 };
    }

    public Uri Address { get; }

    public ServiceKeys Keys { get; }

    public IWorkload Workload { get; }

    public FaultPlan Faults { get; }

    /// <summary>Whether rounding and noise follow from the seed, so that a run repeats; never outside a simulation.</summary>
    public bool Seeded { get; }

    public SocketsHttpHandler Connections { get; }

    public AggregatorClientOptions ClientOptions { get; }

    public SemaphoreSlim Processors { get; } = new(Environment.ProcessorCount);

    public IReadOnlyList<VirtualDevice> Devices => _devices;

    /// <summary>A validator of certificates; dispose it.</summary>
    public EnrolmentAuthority Authority()
    {
        using var root = X509CertificateLoader.LoadCertificate(Keys.AuthorityCertificate.Span);
        return new EnrolmentAuthority(root);
    }

    /// <summary>Enrols devices.</summary>
    public async Task EnrolAsync(int count, string token, CancellationToken cancellationToken)
    {
        var enrolled = new VirtualDevice[count];
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = cancellationToken }, async (number, ct) =>
            enrolled[number] = await VirtualDevice.EnrolAsync(this, number, token, ct));
        _devices.AddRange(enrolled);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var device in _devices) device.Dispose();
        Connections.Dispose();
        Processors.Dispose();
    }
}
