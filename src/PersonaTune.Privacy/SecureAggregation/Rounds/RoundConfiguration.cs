namespace PersonaTune.Privacy.SecureAggregation.Rounds;

/// <summary>
/// What a round computes and under which promises: the `cfg` of the protocol. The server offers it, every device checks it against
/// its policy, and the session id binds all of it. Rates are whole parts per million, so that every party computes the same
/// quorum. Immutable; equal if the encodings are equal.
/// </summary>
public sealed partial record RoundConfiguration
{
    /// <summary>Bytes of each hash.</summary>
    public const int HashLength = 32;

    /// <summary>One in parts per million.</summary>
    public const int Million = 1_000_000;

    /// <summary>The largest supported number of coordinates.</summary>
    public const int MaximumDimension = 1 << 27;

    /// <summary>The largest supported cohort.</summary>
    public const int MaximumCohort = 1 << 15;

    /// <summary>The task's name: 1 to 128 printable ASCII characters.</summary>
    public required string Task { get; init; }

    /// <summary>The round's (or window's) number within the task, from 1; a device never takes part in a number twice.</summary>
    public required long Round { get; init; }

    /// <summary>SHA-256 of the model bytes that the reports were trained on.</summary>
    public required ReadOnlyMemory<byte> ModelHash { get; init; }

    /// <summary>SHA-256 of the adapter's layout: which coordinate is which weight.</summary>
    public required ReadOnlyMemory<byte> AdapterSchemaHash { get; init; }

    /// <summary>Single server or two servers.</summary>
    public AggregationMode Mode { get; init; } = AggregationMode.SingleServer;

    /// <summary>d: the number of coordinates of a report.</summary>
    public required int Dimension { get; init; }

    /// <summary>b: sums are taken modulo 2^b; 16, 20, 24 or 32.</summary>
    public required int Bits { get; init; }

    /// <summary>C: the L2 norm to which a report is clipped before scaling.</summary>
    public required double Clip { get; init; }

    /// <summary>s: the factor between a real coordinate and its integer.</summary>
    public required double Scale { get; init; }

    /// <summary>The distribution of each device's noise share.</summary>
    public NoiseKind Noise { get; init; }

    /// <summary>sigma_i: the standard deviation of each device's noise share, in integer units; 0 exactly if there is no noise.</summary>
    public double NoiseSigma { get; init; }

    /// <summary>n_min: the fewest devices in the roster and among the survivors.</summary>
    public required int MinimumDevices { get; init; }

    /// <summary>n_max: the most devices in the roster.</summary>
    public required int MaximumDevices { get; init; }

    /// <summary>k: the neighbours of a device, even; a cohort of at most k + 1 forms a complete graph. 0 with two servers.</summary>
    public int Degree { get; init; }

    /// <summary>t: the shares that reveal a secret. 0 with two servers.</summary>
    public int Threshold { get; init; }

    /// <summary>The rate of devices that may collude with the server, in parts per million.</summary>
    public int CorruptPpm { get; init; }

    /// <summary>The rate of devices that may drop out, in parts per million.</summary>
    public int DropoutPpm { get; init; }

    /// <summary>
    /// The rate q of the roster behind <see cref="Quorum"/>, in parts per million; at least (1 + corrupt rate) / 2, so that two quorums
    /// share an honest device. 0 with two servers.
    /// </summary>
    public int QuorumPpm { get; init; }

    /// <summary>How long each stage stays open.</summary>
    public required StageDurations Durations { get; init; }

    /// <summary>The unit that the privacy ledger charges, for example "device": up to 64 printable ASCII characters.</summary>
    public required string LedgerUnit { get; init; }

    /// <summary>SHA-256 of the helper's public key with two servers, else 32 zeros.</summary>
    public ReadOnlyMemory<byte> HelperKeyHash { get; init; } = new byte[HashLength];

    /// <summary>The largest magnitude of a coordinate before noise: rounding moves a coordinate of at most C s by less than one.</summary>
    public long CoordinateBound => (long)Math.Ceiling(Clip * Scale) + 1;

    /// <summary>Bytes of a packed report.</summary>
    public int PackedLength => BitPacking.PackedLength(Dimension, Bits);

    /// <summary>
    /// The standard deviation that the sum is sure to carry when n_min devices survive and all corrupt devices of a full roster are
    /// among them and added none. What the accountant charges must rest on this.
    /// </summary>
    public double GuaranteedNoiseSigma
    {
        get
        {
            var corrupt = (long)CorruptPpm * MaximumDevices / Million;
            return NoiseSigma * Math.Sqrt(Math.Max(0, MinimumDevices - corrupt));
        }
    }

    /// <summary>The signatures a consistency certificate needs for a roster of <paramref name="rosterSize"/>: floor(q n) + 1.</summary>
    public int Quorum(int rosterSize) => (int)((long)QuorumPpm * rosterSize / Million) + 1;

    /// <inheritdoc/>
    public bool Equals(RoundConfiguration? other) => other is not null && Encode().AsSpan().SequenceEqual(other.Encode());

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(Encode());
        return hash.ToHashCode();
    }
}
