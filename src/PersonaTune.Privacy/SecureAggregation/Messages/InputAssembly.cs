using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.Messages;

/// <summary>A device's packed report while its chunks arrive, in any order.</summary>
internal sealed class InputAssembly
{
    private readonly RoundConfiguration _configuration;
    private readonly byte[]?[] _digests; // (chunks), of the accepted messages
    private byte[]? _packed;

    public InputAssembly(RoundConfiguration configuration)
    {
        _configuration = configuration;
        _digests = new byte[InputBody.Chunks(configuration)][];
    }

    public bool IsComplete => !Array.Exists(_digests, digest => digest is null);

    /// <summary>The packed report; null before the first chunk and after <see cref="Release"/>.</summary>
    public byte[]? Packed => _packed;

    public IEnumerable<int> Missing => Enumerable.Range(0, _digests.Length).Where(index => _digests[index] is null);

    /// <summary>Duplicate, or a check that the chunk may be added.</summary>
    public Receipt Check(SignedMessage message, InputBody chunk)
    {
        var subject = $"Input of {message.Sender}";
        if (chunk.Index < 0 || chunk.Index >= _digests.Length)
        {
            throw new RefusalException(
                RefusalReason.Malformed, subject,
                $"chunk {chunk.Index} of {_digests.Length} does not exist; send 0 to {_digests.Length - 1}");
        }

        var (_, length) = InputBody.Slice(_configuration, chunk.Index).GetOffsetAndLength(_configuration.PackedLength);
        if (chunk.Content.Length != length)
            throw new RefusalException(
                RefusalReason.Malformed, subject, $"chunk {chunk.Index} has {length} bytes, got {chunk.Content.Length}; send it again");
        // The one place where a packed vector can be ill-formed; checked here, a complete report always unpacks.
        var spare = 8L * _configuration.PackedLength - (long)_configuration.Dimension * _configuration.Bits;
        if (chunk.Index == _digests.Length - 1 && chunk.Content[^1] >> (int)(8 - spare) != 0)
            throw new RefusalException(RefusalReason.Malformed, subject, "bits behind the last word are set; pack the report again");
        if (_digests[chunk.Index] is not { } known) return Receipt.Accepted;
        if (message.Digest.Span.SequenceEqual(known)) return Receipt.Duplicate;
        throw new RefusalException(
            RefusalReason.ConflictingMessage, subject, $"chunk {chunk.Index} was sent with other content before; drop it",
            culprits: [message.Sender]);
    }

    public void Add(SignedMessage message, InputBody chunk)
    {
        _packed ??= new byte[_configuration.PackedLength];
        chunk.Content.CopyTo(_packed.AsSpan(InputBody.Slice(_configuration, chunk.Index)));
        _digests[chunk.Index] = message.Digest.ToArray();
    }

    public void Release() => _packed = null;
}
