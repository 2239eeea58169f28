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
}
