namespace PersonaTune.Aggregator.Rounds;

/// <summary>A row of table round, without its blobs.</summary>
internal sealed class RoundRow
{
    public const string Columns =
        "id, task, sequence, number, attempt, base_release, state, version, reason, contributors, bytes_received, loss, accuracy, release_number, started_at, ended_at";

    public string Id { get; set; } = string.Empty;

    public string Task { get; set; } = string.Empty;

    public long Sequence { get; set; }

    public int Number { get; set; }

    public int Attempt { get; set; }

    public int BaseRelease { get; set; }

    public string State { get; set; } = string.Empty;

    public long Version { get; set; }

    public string? Reason { get; set; }

    public int Contributors { get; set; }

    public long BytesReceived { get; set; }

    public double? Loss { get; set; }

    public double? Accuracy { get; set; }

    public int? ReleaseNumber { get; set; }

    public long StartedAt { get; set; }

    public long? EndedAt { get; set; }
}
