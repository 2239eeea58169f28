using System.Buffers;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;

namespace PersonaTune.Privacy.Signing;

/// <summary>A SHA-256 digest. Its text form is 64 lower-case hexadecimal digits. Immutable.</summary>
public readonly struct Sha256Digest : IEquatable<Sha256Digest>
{
    /// <summary>Bytes of a digest.</summary>
    public const int Length = 32;

    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");
    private readonly Vector256<byte> _bytes;

    /// <summary>Takes over 32 bytes.</summary>
    public Sha256Digest(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, Length, nameof(bytes));
        _bytes = Vector256.Create(bytes);
    }

    /// <summary>The digest of <paramref name="data"/>.</summary>
    public static Sha256Digest Of(ReadOnlySpan<byte> data)
    {
        Span<byte> hash = stackalloc byte[Length];
        SHA256.HashData(data, hash);
        return new Sha256Digest(hash);
    }

    /// <summary>Reads the text form; upper-case digits are not it.</summary>
    public static bool TryParse(string? text, out Sha256Digest digest)
    {
        digest = default;
        if (text is not { Length: 2 * Length } || text.AsSpan().ContainsAnyExcept(Digits)) return false;
        digest = new Sha256Digest(Convert.FromHexString(text));
        return true;
    }

    /// <summary>Writes the 32 bytes.</summary>
    public void CopyTo(Span<byte> destination) => _bytes.CopyTo(destination);

    /// <summary>A copy of the 32 bytes.</summary>
    public byte[] ToArray()
    {
        var bytes = new byte[Length];
        CopyTo(bytes);
        return bytes;
    }

    /// <inheritdoc/>
    public bool Equals(Sha256Digest other) => _bytes == other._bytes;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Sha256Digest other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _bytes.GetHashCode();

    /// <summary>The text form.</summary>
    public override string ToString() => Convert.ToHexStringLower(ToArray());

    /// <summary>Equality of digests.</summary>
    public static bool operator ==(Sha256Digest left, Sha256Digest right) => left.Equals(right);

    /// <summary>Inequality of digests.</summary>
    public static bool operator !=(Sha256Digest left, Sha256Digest right) => !left.Equals(right);
}
