namespace PersonaTune.Device.Federation;

/// <summary>How a device speaks to the aggregator.</summary>
public sealed class AggregatorClientOptions
{
    /// <summary>The service's name, which requests are bound to.</summary>
    public string Audience { get; set; } = "personatune-aggregator";

    /// <summary>How often a request is tried again after a lost connection or a passing failure of the service. Default 4.</summary>
    public int MaximumRetries { get; set; } = 4;

    /// <summary>The first pause before a repetition; it doubles. Default 0.5 seconds.</summary>
    public TimeSpan FirstPause { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long the service may hold a request for the next message. Default 20 seconds.</summary>
    public TimeSpan LongPoll { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>The largest answer that is read. Default 256 MiB.</summary>
    public long MaximumAnswer { get; set; } = 256L << 20;

    /// <summary>
    /// The longest pause that a busy service may ask for (Retry-After) before the request is given up instead of repeated; the caller comes again later. Default one minute.
    /// </summary>
    public TimeSpan MaximumPause { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Problems of these values, one sentence each; empty when they are usable.</summary>
    public IReadOnlyList<string> Validate()
    {
        var problems = new List<string>();
        if (string.IsNullOrWhiteSpace(Audience)) problems.Add($"{nameof(Audience)} is empty; expected the service's name");
        if (MaximumRetries is < 0 or > 100) problems.Add($"{nameof(MaximumRetries)} is {MaximumRetries}; expected 0 to 100");
        if (FirstPause <= TimeSpan.Zero || FirstPause > TimeSpan.FromMinutes(1)) problems.Add($"{nameof(FirstPause)} is {FirstPause}; expected above zero, at most one minute");
        if (LongPoll <= TimeSpan.Zero || LongPoll > TimeSpan.FromSeconds(30)) problems.Add($"{nameof(LongPoll)} is {LongPoll}; expected above zero, at most 30 seconds");
        if (MaximumAnswer < 1 << 16) problems.Add($"{nameof(MaximumAnswer)} is {MaximumAnswer}; expected at least 65536 bytes");
        if (MaximumPause <= TimeSpan.Zero || MaximumPause > TimeSpan.FromHours(1)) problems.Add($"{nameof(MaximumPause)} is {MaximumPause}; expected above zero, at most one hour");
        return problems;
    }
}
