using System.Security.Cryptography;

namespace PersonaTune.Privacy.Sealing;

/// <summary>
/// Key bytes in a pinned array that the garbage collector cannot copy, overwritten with zeros on disposal. Reading
/// <see cref="Bytes"/> after disposal throws <see cref="ObjectDisposedException"/>. Not for concurrent disposal and use.
/// </summary>
public sealed class SecretKey : IDisposable
{
    private readonly byte[] _bytes;
    private bool _disposed;

    private SecretKey(int length) => _bytes = GC.AllocateArray<byte>(length, pinned: true);

    /// <summary>The key's length in bytes.</summary>
    public int Length => _bytes.Length;

    /// <summary>The key. Do not copy it anywhere that is not zeroed.</summary>
    public ReadOnlySpan<byte> Bytes
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _bytes;
        }
    }

    /// <summary>A fresh random key of <paramref name="length"/> bytes (default 32) from the system's generator.</summary>
    public static SecretKey Random(int length = 32)
    {
        var key = new SecretKey(length);
        RandomNumberGenerator.Fill(key._bytes);
        return key;
    }

    /// <summary>A copy of <paramref name="bytes"/>; the caller zeroes its own.</summary>
    public static SecretKey Copy(ReadOnlySpan<byte> bytes)
    {
        var key = new SecretKey(bytes.Length);
        bytes.CopyTo(key._bytes);
        return key;
    }

    /// <summary>A key of <paramref name="length"/> bytes that <paramref name="fill"/> writes in place.</summary>
    public static SecretKey Create<TState>(int length, TState state, System.Buffers.SpanAction<byte, TState> fill)
    {
        ArgumentNullException.ThrowIfNull(fill);
        var key = new SecretKey(length);
        try
        {
            fill(key._bytes, state);
            return key;
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    /// <summary>An independent copy.</summary>
    public SecretKey Clone() => Copy(Bytes);

    /// <summary>Overwrites the key with zeros.</summary>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_bytes);
        _disposed = true;
    }
}
