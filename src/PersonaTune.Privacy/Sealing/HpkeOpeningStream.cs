using System.Buffers.Binary;
using System.Runtime.ExceptionServices;
using System.Security.Cryptography;

namespace PersonaTune.Privacy.Sealing;

/// <summary>
/// Decrypts what <see cref="HpkeSealingStream"/> wrote. A chunk is released only after its tag was checked, and the end of
/// the content is reported only after the last chunk was, so a reader that reaches the end has the whole and nothing else.
/// After an error every further read fails in the same way. Holds one chunk. Not thread-safe.
/// </summary>
public sealed class HpkeOpeningStream : Stream
{
    private readonly Stream _input;
    private readonly string _subject;
    private readonly HpkeRecipient _recipient;
    private readonly byte[] _chunk = GC.AllocateUninitializedArray<byte>(HpkeStreamFormat.ChunkLength + Hpke.TagLength, pinned: true);
    private readonly bool _leaveOpen;
    private int _start;
    private int _end;
    private bool _last;
    private bool _disposed;
    private ExceptionDispatchInfo? _failure;

    /// <summary>Reads the header.</summary>
    /// <param name="input">The encrypted stream, at its start; nothing may follow it.</param>
    /// <param name="recipient">The key pair that it was encrypted to.</param>
    /// <param name="purpose">What the stream is; it must be what the writer said.</param>
    /// <param name="senderPublicKey">The sender's public key in auth mode; empty in base mode.</param>
    /// <param name="leaveOpen">Whether <paramref name="input"/> stays open when this stream is disposed.</param>
    /// <exception cref="TamperedException">It is no such stream, or truncated.</exception>
    /// <exception cref="UnsupportedSealVersionException">It was written by a newer release.</exception>
    /// <exception cref="InvalidPublicKeyException">The encapsulated key is not a point of P-256.</exception>
    public HpkeOpeningStream(
        Stream input, HpkeKeyPair recipient, string purpose, ReadOnlySpan<byte> senderPublicKey = default, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(input);
        _input = input;
        _leaveOpen = leaveOpen;
        _subject = $"sealed stream '{purpose}'";
        Span<byte> header = stackalloc byte[HpkeStreamFormat.HeaderLength];
        Fill(header);
        if (!header.StartsWith(HpkeStreamFormat.Magic))
            throw new TamperedException(_subject, "it does not start with PTHS; it is another kind of file or was altered");
        if (header[HpkeStreamFormat.Magic.Length] != HpkeStreamFormat.Version)
            throw new UnsupportedSealVersionException(_subject, header[HpkeStreamFormat.Magic.Length], HpkeStreamFormat.Version);
        _recipient = HpkeRecipient.Create(recipient, header[^Hpke.EncapsulatedKeyLength..], HpkeStreamFormat.Info(purpose), senderPublicKey);
    }

    /// <inheritdoc/>
    public override bool CanRead => !_disposed;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Reads decrypted bytes; 0 means that the whole content was read and is authentic.</summary>
    /// <exception cref="TruncatedException">The stream ends before its last chunk.</exception>
    /// <exception cref="TamperedException">A chunk was altered, moved, repeated or comes from elsewhere, or bytes follow the end.</exception>
    public override int Read(Span<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _failure?.Throw();
        if (buffer.IsEmpty) return 0;
        if (_start == _end && !_last)
        {
            try
            {
                ReadChunk();
            }
            catch (Exception e)
            {
                _start = _end = 0;
                CryptographicOperations.ZeroMemory(_chunk);
                _failure = ExceptionDispatchInfo.Capture(e);
                throw;
            }
        }
        var take = Math.Min(_end - _start, buffer.Length);
        _chunk.AsSpan(_start, take).CopyTo(buffer);
        _start += take;
        return take;
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        return Read(buffer.AsSpan(offset, count));
    }

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            _disposed = true;
            CryptographicOperations.ZeroMemory(_chunk);
            _recipient.Dispose();
            if (!_leaveOpen) _input.Dispose();
        }
        base.Dispose(disposing);
    }

    private void ReadChunk()
    {
        Span<byte> header = stackalloc byte[HpkeStreamFormat.ChunkHeaderLength];
        Fill(header);
        var last = header[0] == 1;
        var length = BinaryPrimitives.ReadInt32LittleEndian(header[1..]);
        var least = !last ? HpkeStreamFormat.ChunkLength : _recipient.Sequence == 0 ? 0 : 1;
        if (header[0] > 1 || length < least || length > HpkeStreamFormat.ChunkLength)
            throw new TamperedException(_subject, $"chunk {_recipient.Sequence} states the flag {header[0]} and {length} bytes; it was altered");
        Span<byte> associatedData = stackalloc byte[HpkeStreamFormat.AssociatedDataLength];
        HpkeStreamFormat.WriteAssociatedData(_recipient.Sequence, header, associatedData);
        var chunk = _chunk.AsSpan(0, length + Hpke.TagLength);
        Fill(chunk);
        _recipient.Open(chunk, associatedData, chunk[..length]);
        if (last && _input.ReadByte() >= 0)
            throw new TamperedException(_subject, "bytes follow its last chunk; it was altered");
        (_start, _end, _last) = (0, length, last);
    }

    private void Fill(Span<byte> buffer)
    {
        var read = _input.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        if (read < buffer.Length)
            throw new TruncatedException(_subject, "it ends before its last chunk; it is truncated: fetch or write it again and discard what was read of it");
    }
}
