using System.Buffers.Binary;
using System.Security.Cryptography;

namespace PersonaTune.Privacy.Mechanisms;

/// <summary>
/// A repeatable source: AES-256 in counter mode under a key that the caller chooses. For tests, simulations and public randomness such as a
/// rotation. <b>Not private in production</b>: whoever knows the key subtracts the noise. Not thread-safe.
/// </summary>
public sealed class SeededNoiseSource : INoiseSource, IDisposable
{
    private readonly AesCounterStream _stream;

    /// <summary>A source for a 32-byte key; different <paramref name="stream"/> numbers give independent sequences.</summary>
    /// <param name="key">32 bytes.</param>
    /// <param name="stream">Which sequence of the key, default 0.</param>
    /// <exception cref="ArgumentException">The key does not have 32 bytes.</exception>
    public SeededNoiseSource(ReadOnlySpan<byte> key, ulong stream = 0)
    {
        if (key.Length != AesCounterStream.KeyBytes)
            throw new ArgumentException($"the seed has {key.Length} bytes, expected {AesCounterStream.KeyBytes}; hash a shorter one first",
                nameof(key));
        _stream = new AesCounterStream(key, stream);
    }

    /// <summary>
    /// The sequence number <paramref name="seed"/>, for a report that prints its seed: the key is SHA-256 of the number's 8 little-endian
    /// bytes.
    /// </summary>
    /// <param name="seed">Any number.</param>
    public static SeededNoiseSource FromSeed(long seed)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, seed);
        return new SeededNoiseSource(SHA256.HashData(bytes));
    }

    /// <inheritdoc/>
    public void Fill(Span<byte> destination) => _stream.Fill(destination);

    /// <summary>Forgets the key and the buffered bytes.</summary>
    public void Dispose() => _stream.Dispose();
}
