namespace PersonaTune.Device.Consent;

/// <summary>What a user agrees to.</summary>
/// <param name="User">Who.</param>
/// <param name="Purpose">For what.</param>
/// <param name="Collection">Which examples.</param>
/// <param name="BaseModelDigest">The base model's SHA-256 (32 bytes), or empty for any base model.</param>
/// <param name="EpsilonPerDay">The most privacy loss a day; 0 where nothing leaves the device.</param>
/// <param name="EpsilonTotal">The most privacy loss in all; 0 where nothing leaves the device.</param>
/// <param name="Expires">When the consent ends by itself.</param>
public sealed record ConsentTerms(string User, ConsentPurpose Purpose, string Collection, ReadOnlyMemory<byte> BaseModelDigest,
    double EpsilonPerDay, double EpsilonTotal, DateTimeOffset Expires);
