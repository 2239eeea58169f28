using System.Buffers.Binary;
using System.Security.Cryptography;

namespace PersonaTune.Privacy.Mechanisms;

/// <summary>
/// AES-256 in counter mode as a stream of bytes. Block i of stream n is AES(key, n || i), both as 8 big-endian bytes, so streams of one
/// key never share a block. Bytes that were handed out are overwritten in the buffer. Not thread-safe.
/// </summary>
internal sealed class AesCounterStream : IDisposable
{
    public const int KeyBytes = 32;
    private const int BlockBytes = 16;
    private const int ChunkBytes = 16 << 10;

    private readonly Aes _aes = Aes.Create();
    private readonly byte[] _counters = new byte[ChunkBytes];
    private readonly byte[] _output = GC.AllocateArray<byte>(ChunkBytes, pinned: true);
    private ulong _block;
    private int _used = ChunkBytes;

    public AesCounterStream(ReadOnlySpan<byte> key, ulong stream)
    {
        _aes.SetKey(key);
        for (var i = 0; i < ChunkBytes; i += BlockBytes) BinaryPrimitives.WriteUInt64BigEndian(_counters.AsSpan(i), stream);
    }

    public void Fill(Span<byte> destination)
    {
        var buffered = Math.Min(destination.Length, ChunkBytes - _used);
        Take(destination[..buffered]);
        destination = destination[buffered..];
        while (destination.Length >= ChunkBytes)
        {
            Encrypt(destination[..ChunkBytes]);
            destination = destination[ChunkBytes..];
        }

        if (destination.IsEmpty) return;
        // A short request encrypts only what it needs, rounded up, into the end of the buffer.
        var wanted = Math.Min(ChunkBytes, Math.Max(1024, (destination.Length + BlockBytes - 1) & -BlockBytes));
        _used = ChunkBytes - wanted;
        Encrypt(_output.AsSpan(_used));
        Take(destination);
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_output);
        _used = ChunkBytes;
        _aes.Dispose();
    }

    private void Take(Span<byte> destination)
    {
        var source = _output.AsSpan(_used, destination.Length);
        source.CopyTo(destination);
        CryptographicOperations.ZeroMemory(source);
        _used += destination.Length;
    }

    private void Encrypt(Span<byte> destination)
    {
        for (var i = 0; i < destination.Length; i += BlockBytes) BinaryPrimitives.WriteUInt64BigEndian(_counters.AsSpan(i + 8), _block++);
        _aes.EncryptEcb(_counters.AsSpan(0, destination.Length), destination, PaddingMode.None);
    }
}
