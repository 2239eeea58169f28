namespace PersonaTune.Aggregator.Rounds;

/// <summary>A row of table task, without its texts.</summary>
internal sealed class TaskRow
{
    public string Name { get; set; } = string.Empty;

    public string Definition { get; set; } = string.Empty;

    public string Digest { get; set; } = string.Empty;

    public string State { get; set; } = string.Empty;

    public long Version { get; set; }

    public long Sequence { get; set; }
}
