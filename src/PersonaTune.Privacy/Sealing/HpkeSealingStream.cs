using System.Buffers.Binary;
using System.Security.Cryptography;

namespace PersonaTune.Privacy.Sealing;

/// <summary>
/// Encrypts what is written to it to a recipient's public key, in chunks of 1 MiB (<see cref="HpkeStreamFormat"/>; the
/// construction is STREAM of Hoang et al. 2015 over an HPKE context). Holds one chunk. Call <see cref="Complete"/> at the end:
/// a stream that was disposed without it lacks its last chunk and is refused as truncated. Not thread-safe.
/// </summary>
/// <remarks>
/// Guarantee: that of <see cref="Hpke"/>, and that chunks cannot be reordered, repeated, dropped, added, or moved from another
/// stream. The length of the content shows.
/// </remarks>
public sealed class HpkeSealingStream : Stream
{
    private readonly Stream _output;
    private readonly HpkeSender _sender;
    private readonly byte[] _chunk = GC.AllocateUninitializedArray<byte>(HpkeStreamFormat.ChunkLength + Hpke.TagLength, pinned: true);
    private readonly bool _leaveOpen;
    private int _buffered;
    private bool _completed;
    private bool _disposed;

    /// <summary>Starts a stream and writes its header.</summary>
    /// <param name="output">Where the encrypted stream goes.</param>
    /// <param name="recipientPublicKey">An uncompressed P-256 point.</param>
    /// <param name="purpose">What the stream is; opening it for another purpose fails.</param>
    /// <param name="sender">The sender's key pair for auth mode.</param>
    /// <param name="leaveOpen">Whether <paramref name="output"/> stays open when this stream is disposed.</param>
    /// <exception cref="InvalidPublicKeyException">The key is not a point of P-256.</exception>
    public HpkeSealingStream(
        Stream output, ReadOnlySpan<byte> recipientPublicKey, string purpose, HpkeKeyPair? sender = null, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(output);
        _output = output;
        _leaveOpen = leaveOpen;
        _sender = HpkeSender.Create(recipientPublicKey, HpkeStreamFormat.Info(purpose), sender);
        _output.Write(HpkeStreamFormat.Magic);
        _output.WriteByte(HpkeStreamFormat.Version);
        _output.Write(_sender.EncapsulatedKey.Span);
    }

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => !_completed && !_disposed;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_completed) throw new InvalidOperationException("the sealed stream is complete; write before calling Complete");
        while (buffer.Length > 0)
        {
            if (_buffered == HpkeStreamFormat.ChunkLength) WriteChunk(last: false);
            var take = Math.Min(HpkeStreamFormat.ChunkLength - _buffered, buffer.Length);
            buffer[..take].CopyTo(_chunk.AsSpan(_buffered));
            _buffered += take;
            buffer = buffer[take..];
        }
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        Write(buffer.AsSpan(offset, count));
    }

    /// <summary>Writes the last chunk and flushes the output. Nothing can be written afterwards.</summary>
    public void Complete()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_completed) return;
        WriteChunk(last: true);
        _completed = true;
        _output.Flush();
    }

    /// <summary>Flushes the output; a chunk that is not full stays here.</summary>
    public override void Flush() => _output.Flush();

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            _disposed = true;
            CryptographicOperations.ZeroMemory(_chunk);
            _sender.Dispose();
            if (!_leaveOpen) _output.Dispose();
        }
        base.Dispose(disposing);
    }

    private void WriteChunk(bool last)
    {
        Span<byte> header = stackalloc byte[HpkeStreamFormat.ChunkHeaderLength];
        header[0] = last ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt32LittleEndian(header[1..], _buffered);
        Span<byte> associatedData = stackalloc byte[HpkeStreamFormat.AssociatedDataLength];
        HpkeStreamFormat.WriteAssociatedData(_sender.Sequence, header, associatedData);
        var chunk = _chunk.AsSpan(0, _buffered + Hpke.TagLength);
        _sender.Seal(chunk[.._buffered], associatedData, chunk);
        _output.Write(header);
        _output.Write(chunk);
        _buffered = 0;
    }
}
