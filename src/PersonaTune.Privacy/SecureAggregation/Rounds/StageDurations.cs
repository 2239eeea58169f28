namespace PersonaTune.Privacy.SecureAggregation.Rounds;

/// <summary>
/// How long each stage of a round stays open, in whole milliseconds up to 2^32 - 1. A round of two servers has only
/// <see cref="Input"/>, the length of its window; its other stages are zero.
/// </summary>
/// <param name="Advertise">For devices to advertise their keys.</param>
/// <param name="Open">For devices to open their nonces.</param>
/// <param name="Share">For devices to share their secrets.</param>
/// <param name="Input">For the upload of masked reports.</param>
/// <param name="Confirm">For signatures over the survivors.</param>
/// <param name="Unmask">For the shares that unmask the sum.</param>
public sealed record StageDurations(TimeSpan Advertise, TimeSpan Open, TimeSpan Share, TimeSpan Input, TimeSpan Confirm, TimeSpan Unmask)
{
    /// <summary>The number of stages.</summary>
    public const int Count = 6;

    /// <summary>All stages together: after that much time a device takes part no longer.</summary>
    public TimeSpan Total => Advertise + Open + Share + Input + Confirm + Unmask;

    /// <summary>The same duration for each stage of a round with a single server.</summary>
    public static StageDurations Each(TimeSpan duration) => new(duration, duration, duration, duration, duration, duration);

    /// <summary>A window of two servers that is open for <paramref name="duration"/>.</summary>
    public static StageDurations Window(TimeSpan duration) => new(default, default, default, duration, default, default);

    internal TimeSpan[] ToArray() => [Advertise, Open, Share, Input, Confirm, Unmask];

    internal static StageDurations From(TimeSpan[] stages) => new(stages[0], stages[1], stages[2], stages[3], stages[4], stages[5]);
}
