namespace PersonaTune.Aggregator.Rounds;

/// <summary>A row of table message.</summary>
internal sealed class MessageRow
{
    public string Device { get; set; } = string.Empty;

    public int Type { get; set; }

    public int Chunk { get; set; }

    public byte[] Body { get; set; } = [];

    public long ReceivedAt { get; set; }
}
