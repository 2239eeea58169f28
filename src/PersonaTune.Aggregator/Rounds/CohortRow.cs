namespace PersonaTune.Aggregator.Rounds;

/// <summary>A row of table cohort, without its sum.</summary>
internal sealed class CohortRow
{
    public const string Columns =
        "id, round_id, task, position, configuration, nonce, session, offer, opened_at, seat_limit, roster_goal, state, version, deadline, seats, reason, contributors";

    public string Id { get; set; } = string.Empty;

    public string RoundId { get; set; } = string.Empty;

    public string Task { get; set; } = string.Empty;

    public int Position { get; set; }

    public byte[] Configuration { get; set; } = [];

    public byte[] Nonce { get; set; } = [];

    public string Session { get; set; } = string.Empty;

    public byte[] Offer { get; set; } = [];

    public long OpenedAt { get; set; }

    public int SeatLimit { get; set; }

    public int RosterGoal { get; set; }

    public string State { get; set; } = string.Empty;

    public long Version { get; set; }

    public long Deadline { get; set; }

    public int Seats { get; set; }

    public string? Reason { get; set; }

    public int Contributors { get; set; }
}
