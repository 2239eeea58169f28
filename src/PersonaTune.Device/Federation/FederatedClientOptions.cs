using PersonaTune.Privacy.Mechanisms;
using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Privacy.SecureAggregation.Rounds;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Device.Federation;

/// <summary>What a federated client works with. Everything durable is an interface, so that a simulation can do without a store.</summary>
public sealed class FederatedClientOptions
{
    /// <summary>The aggregator.</summary>
    public required AggregatorClient Service { get; init; }

    /// <summary>The device's identity; the same as the service's client signs with.</summary>
    public required IMessageSigner Identity { get; init; }

    /// <summary>Who is enrolled: the pinned authority.</summary>
    public required ICertificateValidator Authority { get; init; }

    /// <summary>The aggregator's pinned identity key: 65 bytes.</summary>
    public required ReadOnlyMemory<byte> ServerKey { get; init; }

    /// <summary>The pinned keys of operators who may sign tasks and releases.</summary>
    public required IReadOnlyList<ReadOnlyMemory<byte>> OperatorKeys { get; init; }

    /// <summary>Which rounds the device has seen and which one-time steps it has taken; durable in production.</summary>
    public required IRoundMemory Rounds { get; init; }

    /// <summary>Which releases the device has seen; durable in production.</summary>
    public required IReleaseMemory Releases { get; init; }

    /// <summary>The user's budget for a task; charged before anything is uploaded.</summary>
    public required Func<TaskDefinition, IRoundBudget> Budget { get; init; }

    /// <summary>
    /// Asked before a seat is asked for and before the upload: why the device must not take part now (limits, consent, power, network), or null.
    /// </summary>
    public required Func<TaskDefinition, int, CancellationToken, ValueTask<string?>> Admit { get; init; }

    /// <summary>
    /// The id of the consent receipt that covers a task now, 32 hexadecimal digits, or null. Asked before a seat is asked for and before the upload: a receipt that is gone or another one ends the
    /// participation.
    /// </summary>
    public required Func<TaskDefinition, CancellationToken, ValueTask<string?>> Consent { get; init; }

    /// <summary>Where participations are recorded for the user to see; null for nowhere (default).</summary>
    public IParticipationLog? Participations { get; init; }

    /// <summary>The smallest cohort that the device takes part in. Default 32.</summary>
    public int CohortFloor { get; init; } = 32;

    /// <summary>The rate of corrupt devices that a task must at least plan for, in parts per million. Default 10 %.</summary>
    public int MinimumCorruptPpm { get; init; } = 100_000;

    /// <summary>Whether rounds without differential privacy are refused. Default true.</summary>
    public bool RequirePrivacy { get; init; } = true;

    /// <summary>Whether plain reports without noise of the device's own are refused. Default true.</summary>
    public bool RequireSecureAggregation { get; init; } = true;

    /// <summary>Told of each step before it is taken; may delay or end the participation by an exception. Null for none.</summary>
    public Func<ParticipationStep, CancellationToken, ValueTask>? Observer { get; init; }

    /// <summary>Random bits of rounding, noise and coin; null for the system's cryptographic generator. Others are for simulations.</summary>
    public INoiseSource? Randomness { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
