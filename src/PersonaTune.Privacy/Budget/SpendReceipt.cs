namespace PersonaTune.Privacy.Budget;

/// <summary>Proof that a spend is durably recorded; only now may the release happen.</summary>
/// <param name="Index">The ledger entry's position, from 0.</param>
/// <param name="Hash">The chain's hash after it (32 bytes).</param>
/// <param name="Reference">The spend's reference.</param>
/// <param name="EpsilonTotal">Epsilon of everything recorded, this spend included, at the policy's delta.</param>
public sealed record SpendReceipt(long Index, ReadOnlyMemory<byte> Hash, string Reference, double EpsilonTotal);
