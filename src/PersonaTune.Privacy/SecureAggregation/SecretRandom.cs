using System.Security.Cryptography;

namespace PersonaTune.Privacy.SecureAggregation;

/// <summary>The operating system's cryptographic generator. Thread-safe.</summary>
public sealed class SecretRandom : ISecretRandom
{
    private SecretRandom()
    {
    }

    /// <summary>The only instance.</summary>
    public static ISecretRandom System { get; } = new SecretRandom();

    /// <inheritdoc/>
    public void Fill(Span<byte> output) => RandomNumberGenerator.Fill(output);
}
