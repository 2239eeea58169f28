namespace PersonaTune.Aggregator.Persistence;

/// <summary>A driver's lease ran out or was taken over: what it was about to write must not be written.</summary>
internal sealed class LeaseLostException(string name) : Exception($"the lease '{name}' is held no longer; another node may have taken over, look at the state again");
