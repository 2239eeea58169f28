namespace PersonaTune.Aggregator.Rounds;

/// <summary>A row of table participation.</summary>
internal sealed class ParticipationRow
{
    public string RoundId { get; set; } = string.Empty;

    public string Device { get; set; } = string.Empty;

    public string Cohort { get; set; } = string.Empty;

    public int Rank { get; set; }

    public string State { get; set; } = string.Empty;

    public string? Dropped { get; set; }

    public int Contributes { get; set; }
}
