namespace PersonaTune.Aggregator.Rounds;

/// <summary>A state was changed by another transaction; look at it again.</summary>
internal sealed class StateConflictException(string subject) : Exception($"{subject} was changed by another transaction; look at its state again");
