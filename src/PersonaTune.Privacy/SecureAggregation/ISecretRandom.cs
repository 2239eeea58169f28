namespace PersonaTune.Privacy.SecureAggregation;

/// <summary>
/// A source of secret bytes. Production code uses <see cref="SecretRandom.System"/>; the seam exists so that tests can repeat a
/// run. An implementation must be thread-safe if the values made from it are.
/// </summary>
public interface ISecretRandom
{
    /// <summary>Overwrites <paramref name="output"/> with bytes that nobody else can predict.</summary>
    void Fill(Span<byte> output);
}
