using System.Buffers.Binary;
using PersonaTune.Engine.Formats;

namespace PersonaTune.Device.Keyboard;

/// <summary>
/// The person's own n-grams: small, learned at once from every accepted message, and forgotten as exactly. It knows a person's turns of
/// phrase (Kuhn and De Mori 1990, "A cache-based natural language model") where an adapter knows their style; the two are mixed
/// by <see cref="CacheMixture"/>. Probabilities are interpolated Kneser-Ney, over a model's distribution (<see cref="Mix"/>) or, for the cache
/// alone, over the uniform one. The same messages in the same order give bit-identical results. Not thread-safe.
/// </summary>
/// <remarks>
/// <see cref="ToBytes"/> holds the learned messages as token ids: it is the person's text, to be kept in the encrypted store only.
/// </remarks>
public sealed class NGramCache
{
    private const uint Magic = 0x43474E50; // "PNGC"
    private const int HeaderLength = 32;
    private const string Subject = "n-gram cache";
    private readonly NGramCounts _counts;
    private readonly NGramEstimator _estimator;
    private readonly LinkedList<int[]> _messages = new();

    /// <summary>Creates an empty cache.</summary>
    /// <param name="vocabularySize">Token ids run from 0 to this, exclusive.</param>
    /// <param name="startId">The token that begins every message (only context, never predicted as such), or null.</param>
    /// <param name="options">Settings; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public NGramCache(int vocabularySize, int? startId = null, NGramCacheOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabularySize, 1);
        Options = options ?? new NGramCacheOptions();
        if (Options.Discount is { } discount && !(discount > 0 && discount < 1))
            throw new ArgumentOutOfRangeException(nameof(options), discount, "a discount lies between 0 and 1");
        ArgumentOutOfRangeException.ThrowIfLessThan(Options.MaxTokens, 1, nameof(options));
        (VocabularySize, StartId) = (vocabularySize, startId);
        _counts = new NGramCounts(Options.Order);
        _estimator = new NGramEstimator(_counts, vocabularySize, startId, Options.Discount);
    }

    /// <summary>Settings.</summary>
    public NGramCacheOptions Options { get; }

    /// <summary>Number of token ids.</summary>
    public int VocabularySize { get; }

    /// <summary>The token that begins every message, or null.</summary>
    public int? StartId { get; }

    /// <summary>Messages learned and not forgotten.</summary>
    public int MessageCount => _messages.Count;

    /// <summary>Tokens learned and not forgotten; the first token of each message is context and not counted.</summary>
    public long TokenCount => _counts.TokenCount;

    /// <summary>
    /// Learns a message: its start token (where the vocabulary has one), text and end token. Messages beyond
    /// <see cref="NGramCacheOptions.MaxTokens"/> push out the oldest ones.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is outside the vocabulary.</exception>
    public void Learn(ReadOnlySpan<int> message)
    {
        foreach (var id in message)
            if ((uint)id >= (uint)VocabularySize)
                throw new ArgumentOutOfRangeException(nameof(message), id, $"token ids run from 0 to {VocabularySize - 1}");
        if (message.Length < 2) return;
        _messages.AddLast(message.ToArray());
        _counts.Add(message);
        while (_counts.TokenCount > Options.MaxTokens && _messages.Count > 1) ForgetFirst();
        _estimator.Invalidate();
    }

    /// <summary>Forgets the oldest message that equals this one, as if it had never been learned; false where there is none.</summary>
    public bool Forget(ReadOnlySpan<int> message)
    {
        for (var node = _messages.First; node is not null; node = node.Next)
            if (message.SequenceEqual(node.Value))
            {
                _counts.Remove(message);
                _messages.Remove(node);
                _estimator.Invalidate();
                return true;
            }
        return false;
    }

    /// <summary>
    /// What the cache says about <paramref name="token"/> after the tokens before it (the message from its start token on, or just its
    /// last tokens): one level for each context length that it knows, the empty one first.
    /// </summary>
    public IReadOnlyList<CacheLevel> Levels(ReadOnlySpan<int> context, int token)
    {
        var levels = new NGramLevels();
        var found = new CacheLevel[_estimator.Levels(context, ref levels)];
        for (var i = 0; i < found.Length; i++)
        {
            var level = levels[i];
            found[i] = new CacheLevel(level.Length, level.Node.Total, level.Direct(level.Node[token]), level.Escape);
        }
        return found;
    }

    /// <summary>Mixes the cache into a model's distribution (vocabulary) after <paramref name="context"/>; it stays a distribution.</summary>
    /// <exception cref="ArgumentException">The distribution is shorter than the vocabulary.</exception>
    public void Mix(ReadOnlySpan<int> context, CacheMixture mixture, Span<float> probabilities)
    {
        ArgumentNullException.ThrowIfNull(mixture);
        if (probabilities.Length < VocabularySize)
            throw new ArgumentException($"expected {VocabularySize} values, found {probabilities.Length}", nameof(probabilities));
        if (!ReferenceEquals(mixture, CacheMixture.ModelOnly)) _estimator.Interpolate(context, mixture, probabilities[..VocabularySize]);
    }

    /// <summary>The probability that <paramref name="token"/> follows; above 0 for every token.</summary>
    public double Probability(ReadOnlySpan<int> context, int token) => _estimator.Probability(context, token);

    /// <summary>Writes the probability of every token (vocabulary) to <paramref name="destination"/>; they add up to 1.</summary>
    /// <exception cref="ArgumentException">The target is shorter than the vocabulary.</exception>
    public void Probabilities(ReadOnlySpan<int> context, Span<float> destination)
    {
        if (destination.Length < VocabularySize)
            throw new ArgumentException($"expected room for {VocabularySize} values, found {destination.Length}", nameof(destination));
        _estimator.Probabilities(context, destination);
    }

    /// <summary>The settings and learned messages, little-endian: what <see cref="FromBytes"/> reads. Personal: seal before storing.</summary>
    public byte[] ToBytes()
    {
        using var stream = new MemoryStream();
        Span<byte> header = stackalloc byte[HeaderLength];
        BinaryPrimitives.WriteUInt32LittleEndian(header, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], VocabularySize);
        BinaryPrimitives.WriteInt32LittleEndian(header[8..], StartId ?? -1);
        BinaryPrimitives.WriteInt32LittleEndian(header[12..], Options.Order);
        BinaryPrimitives.WriteInt32LittleEndian(header[16..], Options.MaxTokens);
        BinaryPrimitives.WriteInt32LittleEndian(header[20..], _messages.Count);
        BinaryPrimitives.WriteDoubleLittleEndian(header[24..], Options.Discount ?? 0);
        stream.Write(header);
        Span<byte> number = stackalloc byte[sizeof(int)];
        foreach (var message in _messages)
        {
            BinaryPrimitives.WriteInt32LittleEndian(number, message.Length);
            stream.Write(number);
            foreach (var id in message)
            {
                BinaryPrimitives.WriteInt32LittleEndian(number, id);
                stream.Write(number);
            }
        }
        return stream.ToArray();
    }

    /// <summary>Reads what <see cref="ToBytes"/> wrote.</summary>
    /// <exception cref="FileFormatException">The bytes are truncated or contradict themselves.</exception>
    public static NGramCache FromBytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderLength || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic)
            throw new FileFormatException(Subject, "the bytes do not begin as a cache does");
        var startId = BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]);
        var discount = BinaryPrimitives.ReadDoubleLittleEndian(bytes[24..]);
        NGramCache cache;
        try
        {
            cache = new NGramCache(BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]), startId < 0 ? null : startId, new NGramCacheOptions
            {
                Order = BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]),
                MaxTokens = BinaryPrimitives.ReadInt32LittleEndian(bytes[16..]),
                Discount = discount == 0 ? null : discount,
            });
        }
        catch (ArgumentException e)
        {
            throw new FileFormatException(Subject, e.Message, e);
        }
        var count = BinaryPrimitives.ReadInt32LittleEndian(bytes[20..]);
        bytes = bytes[HeaderLength..];
        for (var i = 0; i < count; i++)
        {
            if (bytes.Length < sizeof(int)) throw new FileFormatException(Subject, $"the bytes end before message {i} of {count}");
            var length = BinaryPrimitives.ReadInt32LittleEndian(bytes);
            bytes = bytes[sizeof(int)..];
            if (length < 2 || length > bytes.Length / sizeof(int))
                throw new FileFormatException(Subject, $"message {i} claims {length} tokens where {bytes.Length} bytes are left");
            var message = new int[length];
            for (var t = 0; t < length; t++)
            {
                message[t] = BinaryPrimitives.ReadInt32LittleEndian(bytes[(t * sizeof(int))..]);
                if ((uint)message[t] >= (uint)cache.VocabularySize)
                    throw new FileFormatException(Subject, $"message {i} holds token {message[t]}, ids run from 0 to {cache.VocabularySize - 1}");
            }
            bytes = bytes[(length * sizeof(int))..];
            cache.Learn(message);
        }
        return bytes.IsEmpty ? cache : throw new FileFormatException(Subject, $"{bytes.Length} bytes follow the last message");
    }

    private void ForgetFirst()
    {
        _counts.Remove(_messages.First!.Value);
        _messages.RemoveFirst();
    }
}
