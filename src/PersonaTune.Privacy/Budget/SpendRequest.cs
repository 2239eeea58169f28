using PersonaTune.Privacy.Accounting;

namespace PersonaTune.Privacy.Budget;

/// <summary>What is about to be released.</summary>
/// <param name="Purpose">What for, for example "federated rounds"; 1 to 256 characters.</param>
/// <param name="Reference">Unique in the ledger: task, round and attempt; 1 to 256 characters.</param>
/// <param name="Event">What the release does to the data.</param>
public sealed record SpendRequest(string Purpose, string Reference, PrivacyEvent Event);
