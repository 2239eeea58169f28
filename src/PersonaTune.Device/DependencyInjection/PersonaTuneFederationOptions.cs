using PersonaTune.Device.Federation;
using PersonaTune.Device.Keys;

namespace PersonaTune.Device.DependencyInjection;

/// <summary>What <see cref="PersonaTuneFederationServiceCollectionExtensions.AddPersonaTuneFederation"/> sets up. The three pinned keys come with the application, never from the network.</summary>
public sealed class PersonaTuneFederationOptions
{
    /// <summary>The aggregator: an https address; http only to this machine. Required.</summary>
    public Uri? Address { get; set; }

    /// <summary>The enrolment authority's address; null if it is the aggregator's (default).</summary>
    public Uri? AuthorityAddress { get; set; }

    /// <summary>The pinned certificate of the enrolment authority, DER. Required.</summary>
    public ReadOnlyMemory<byte> AuthorityCertificate { get; set; }

    /// <summary>The aggregator's pinned identity key in rounds: an uncompressed point of P-256, 65 bytes. Required.</summary>
    public ReadOnlyMemory<byte> ServerKey { get; set; }

    /// <summary>The pinned keys of the operators who may sign tasks and releases, 65 bytes each. Required.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> OperatorKeys { get; set; } = [];

    /// <summary>Makes the evidence that enrols the device. Required unless the application registered an <see cref="IAttestationProvider"/> before.</summary>
    public Func<IServiceProvider, IAttestationProvider>? Attestation { get; set; }

    /// <summary>Folder of the encrypted store; created on first use. Required unless the application registered a store before, for example with AddPersonaTune.</summary>
    public string StoreFolder { get; set; } = "";

    /// <summary>Makes what guards the store's keys. Required where <see cref="StoreFolder"/> is.</summary>
    public Func<IServiceProvider, IKeyProtector>? KeyProtector { get; set; }

    /// <summary>Whose consent counts. Default "user".</summary>
    public string User { get; set; } = "user";

    /// <summary>The collection of examples that the consent must name. Default "messages".</summary>
    public string Collection { get; set; } = "messages";

    /// <summary>The user's limits for each task, and when the device may work.</summary>
    public FederatedPolicy Policy { get; set; } = new();

    /// <summary>The most epsilon that all participations in all tasks may cost together, at <see cref="FederatedPolicy.MaximumDelta"/>. Default 8.</summary>
    public double TotalEpsilon { get; set; } = 8;

    /// <summary>The most epsilon within any 24 hours; null for no such limit (default).</summary>
    public double? EpsilonPerDay { get; set; }

    /// <summary>Whether plain reports without noise of the device's own are refused. Default true.</summary>
    public bool RequireSecureAggregation { get; set; } = true;

    /// <summary>The rate of corrupt devices that a task must at least plan for, in parts per million. Default 10 %.</summary>
    public int MinimumCorruptPpm { get; set; } = 100_000;

    /// <summary>How requests are sent and repeated.</summary>
    public AggregatorClientOptions Connection { get; set; } = new();

    /// <summary>
    /// Makes the handler of all requests, for example one that pins the service's TLS certificate or uses a proxy; it is disposed with the container. Do not let it follow redirects: a redirected request
    /// would carry the device's certificate and signature to another host. Null for the platform's (default).
    /// </summary>
    public Func<IServiceProvider, HttpMessageHandler>? HttpHandler { get; set; }
}
