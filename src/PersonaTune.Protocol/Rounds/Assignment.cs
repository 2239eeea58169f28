namespace PersonaTune.Protocol.Rounds;

/// <summary>A seat in a cohort. Train from the named release, then answer the offer before the deadline.</summary>
/// <param name="Cohort">The cohort's id, for the addresses of messages.</param>
/// <param name="Round">The round's number within the task, from 1.</param>
/// <param name="Attempt">The attempt at it, from 1.</param>
/// <param name="Release">The release to train from; 0 for the task's initial adapter (all zeros).</param>
/// <param name="Offer">Secure: the server's signed offer. Plain: the round configuration.</param>
/// <param name="Deadline">When recruiting closes.</param>
public sealed record Assignment(string Cohort, int Round, int Attempt, int Release, ReadOnlyMemory<byte> Offer, DateTimeOffset Deadline);
