using PersonaTune.Protocol.Rounds;

namespace PersonaTune.Aggregator.Rounds;

/// <summary>A message on its way into the database, checked as far as it can be without the cohort's state.</summary>
/// <param name="Caller">Who sends it.</param>
/// <param name="Cohort">The cohort.</param>
/// <param name="Type">The message's type byte, or 0 for a plain report.</param>
/// <param name="Chunk">The chunk's number.</param>
/// <param name="Digest">What tells a repetition from a conflict.</param>
/// <param name="Body">The content.</param>
/// <param name="Takes">The state in which the cohort takes it.</param>
/// <param name="Before">The participation that it needs.</param>
/// <param name="After">The participation that it leads to.</param>
/// <param name="Chunks">The chunks that make the upload complete; 1 for other messages.</param>
internal sealed record Submission(
    AuthenticatedRequest Caller, CohortInfo Cohort, int Type, int Chunk, byte[] Digest, byte[] Body, RoundState Takes, ParticipationState Before,
    ParticipationState After, int Chunks);
