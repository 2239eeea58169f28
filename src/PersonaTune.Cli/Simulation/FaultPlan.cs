using PersonaTune.Device.Federation;

namespace PersonaTune.Cli.Simulation;

/// <summary>What goes wrong in a simulated fleet. Every decision follows from the seed, the device and the attempt.</summary>
internal sealed record FaultPlan
{
    /// <summary>The fraction of devices that vanish just before each step.</summary>
    public IReadOnlyDictionary<ParticipationStep, double> Drops { get; init; } = new Dictionary<ParticipationStep, double>();

    /// <summary>The fraction of devices that are slow.</summary>
    public double SlowRate { get; init; }

    /// <summary>How long a slow device waits before each step.</summary>
    public TimeSpan SlowDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The fraction of devices that lie.</summary>
    public double LiarRate { get; init; }

    /// <summary>How they lie.</summary>
    public LiarKind Liar { get; init; } = LiarKind.Flip;

    /// <summary>The seed of all decisions.</summary>
    public long Seed { get; init; }

    /// <summary>Whether anything can go wrong.</summary>
    public bool IsEmpty => Drops.Values.All(rate => rate == 0) && SlowRate == 0 && LiarRate == 0;

    /// <summary>Whether a device lies, in every round.</summary>
    public bool Lies(int device) => Draw(device, -1, 1) < LiarRate;

    /// <summary>Whether a device is slow, in every round.</summary>
    public bool IsSlow(int device) => Draw(device, -1, 2) < SlowRate;

    /// <summary>Whether a device vanishes before a step of an attempt.</summary>
    public bool Vanishes(int device, int attempt, ParticipationStep step) => Drops.TryGetValue(step, out var rate) && Draw(device, attempt, 10 + (int)step) < rate;

    private double Draw(int device, int attempt, int purpose) => (SeedMix.Mix(Seed, device, attempt, purpose) >> 11) * (1.0 / (1UL << 53));
}
