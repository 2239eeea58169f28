namespace PersonaTune.Privacy.Mechanisms;

/// <summary>
/// Where mechanisms take their random bits from: uniform, independent bytes that nobody else can predict. Production code uses
/// <see cref="CryptographicNoiseSource"/>; tests and simulations use <see cref="SeededNoiseSource"/>. Every guarantee of this namespace
/// assumes that the bytes are indistinguishable from uniform to the adversary and are used once.
/// </summary>
public interface INoiseSource
{
    /// <summary>Fills <paramref name="destination"/> with fresh bytes; they are never handed out again.</summary>
    /// <param name="destination">Any length, also 0.</param>
    void Fill(Span<byte> destination);
}
