using System.Buffers;
using System.Text;

namespace PersonaTune.Engine.Tokenization;

/// <summary>
/// Byte-level byte-pair encoding (Sennrich et al. 2016; Radford et al. 2019): text is cut into pieces by the family's rule, each piece
/// is spelled in bytes, and the best-ranked pair of neighbours is merged until none is left. Every text can be spelled, and decoding
/// gives it back exactly. Immutable and thread-safe.
/// </summary>
public sealed class ByteLevelBpeTokenizer : ITokenizer
{
    private readonly TokenTable _table;
    private readonly PreTokenizerKind _preTokenizer;
    private readonly int[] _byteIds = new int[256];
    private readonly Dictionary<long, Merge> _merges;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>>? _wholePieces;
    private readonly UserDefinedTokens _userDefined;

    /// <summary>Creates the tokenizer and checks the vocabulary.</summary>
    /// <exception cref="Formats.FileFormatException">Tokens repeat, ids are out of range, or a merge names an unknown token.</exception>
    public ByteLevelBpeTokenizer(TokenizerVocabulary vocabulary)
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        _table = new TokenTable(vocabulary);
        _preTokenizer = vocabulary.PreTokenizer;
        for (var value = 0; value < 256; value++)
            _byteIds[value] = _table.Ids.TryGetValue(ByteAlphabet.Spell((byte)value).ToString(), out var id) ? id : -1;
        _merges = ReadMerges(vocabulary);
        if (vocabulary.IgnoreMerges) _wholePieces = _table.Ids.GetAlternateLookup<ReadOnlySpan<char>>();
        _userDefined = new UserDefinedTokens(vocabulary.Tokens.Select((text, id) => (text, id))
            .Where(token => _table[token.id] == TokenKind.UserDefined));
    }

    private readonly record struct Merge(int Rank, int Id);

    /// <inheritdoc/>
    public int VocabularySize => _table.Count;

    /// <inheritdoc/>
    public int? BosId => _table.BosId;

    /// <inheritdoc/>
    public int? EosId => _table.EosId;

    /// <inheritdoc/>
    public bool AddBos => _table.AddBos;

    /// <inheritdoc/>
    public string Digest => _table.Digest;

    /// <inheritdoc/>
    /// <remarks>An unpaired surrogate is encoded as U+FFFD.</remarks>
    /// <exception cref="EngineException">The vocabulary has no token for a byte of the text.</exception>
    public IReadOnlyList<int> Encode(ReadOnlySpan<char> text)
    {
        var ids = new List<int>(text.Length / 3 + 4);
        while (!text.IsEmpty)
        {
            var found = _userDefined.TryFind(text, out var start, out var length, out var id);
            var pieces = new PreTokenizer(_preTokenizer, text[..start]);
            while (pieces.TryNext(out var piece)) EncodePiece(piece, ids);
            if (found) ids.Add(id);
            text = text[(start + length)..];
        }
        return ids;
    }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> TokenBytes(int id) => _table.Bytes(id);

    /// <inheritdoc/>
    public int? FindToken(string spelling) => _table.Ids.TryGetValue(spelling, out var id) ? id : null;

    /// <inheritdoc/>
    public bool IsControl(int id) => _table.IsControl(id);

    /// <inheritdoc/>
    public string Decode(ReadOnlySpan<int> ids) => _table.Decode(ids, dropSpace: false);

    private Dictionary<long, Merge> ReadMerges(TokenizerVocabulary vocabulary)
    {
        if (vocabulary.Merges is not { } list) throw vocabulary.Invalid("a byte-level vocabulary needs its list of merges; found none");
        var merges = new Dictionary<long, Merge>(list.Count);
        var ids = _table.Ids.GetAlternateLookup<ReadOnlySpan<char>>();
        for (var rank = 0; rank < list.Count; rank++)
        {
            var merge = list[rank];
            var cut = merge.Length > 1 ? merge.IndexOf(' ', 1) : -1;
            if (cut <= 0 || cut == merge.Length - 1)
                throw vocabulary.Invalid($"merge {rank} is {TokenTable.Quote(merge)}, expected two tokens with a space between");
            var left = Id(vocabulary, rank, merge.AsSpan(0, cut), ids);
            var right = Id(vocabulary, rank, merge.AsSpan(cut + 1), ids);
            var joined = Id(vocabulary, rank, string.Concat(merge.AsSpan(0, cut), merge.AsSpan(cut + 1)), ids);
            // A text that spells a control token must stay text.
            if (_table[joined] != TokenKind.Control) merges.TryAdd(Key(left, right), new Merge(rank, joined));
        }
        return merges;
    }

    private static int Id(TokenizerVocabulary vocabulary, int rank, ReadOnlySpan<char> token,
        Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> ids) =>
        ids.TryGetValue(token, out var id)
            ? id
            : throw vocabulary.Invalid($"merge {rank} names {TokenTable.Quote(token.ToString())}, which is not in the vocabulary");

    private static long Key(int left, int right) => ((long)left << 32) | (uint)right;

    private void EncodePiece(ReadOnlySpan<char> piece, List<int> ids)
    {
        var capacity = Encoding.UTF8.GetMaxByteCount(piece.Length);
        var rentedBytes = capacity > 512 ? ArrayPool<byte>.Shared.Rent(capacity) : null;
        var bytes = rentedBytes ?? stackalloc byte[512];
        var count = Encoding.UTF8.GetBytes(piece, bytes);
        bytes = bytes[..count];
        if (_wholePieces is not null && TryWholePiece(bytes, out var whole))
        {
            ids.Add(whole);
        }
        else
        {
            var rentedIds = count > 512 ? ArrayPool<int>.Shared.Rent(count) : null;
            var symbols = (rentedIds ?? stackalloc int[512])[..count];
            for (var i = 0; i < count; i++) symbols[i] = ByteId(bytes[i]);
            var left = count > MergeQueue.Threshold ? MergeLong(symbols) : MergeShort(symbols);
            foreach (var symbol in symbols[..left]) ids.Add(symbol);
            if (rentedIds is not null) ArrayPool<int>.Shared.Return(rentedIds);
        }
        // What a person typed does not stay behind in a shared buffer.
        if (rentedBytes is not null) ArrayPool<byte>.Shared.Return(rentedBytes, clearArray: true);
    }

    private bool TryWholePiece(ReadOnlySpan<byte> bytes, out int id)
    {
        id = -1;
        if (bytes.Length > 512) return false;
        Span<char> spelling = stackalloc char[bytes.Length];
        for (var i = 0; i < bytes.Length; i++) spelling[i] = ByteAlphabet.Spell(bytes[i]);
        return _wholePieces!.Value.TryGetValue(spelling, out id) && _table[id] == TokenKind.Normal;
    }

    private int ByteId(byte value) => _byteIds[value] is var id and >= 0
        ? id
        : throw new EngineException($"{_table.Subject}: no token stands for byte 0x{value:X2}; use the vocabulary that belongs to the model");

    /// <summary>Merges in place by scanning: quadratic, and the fastest for words. Returns the number of symbols left.</summary>
    private int MergeShort(Span<int> symbols)
    {
        var count = symbols.Length;
        while (count > 1)
        {
            var (best, at) = (new Merge(int.MaxValue, -1), -1);
            for (var i = 0; i + 1 < count; i++)
                if (_merges.TryGetValue(Key(symbols[i], symbols[i + 1]), out var merge) && merge.Rank < best.Rank) (best, at) = (merge, i);
            if (at < 0) break;
            symbols[at] = best.Id;
            symbols[(at + 2)..count].CopyTo(symbols[(at + 1)..]);
            count--;
        }
        return count;
    }

    /// <summary>The same merges through a queue, for long pieces: n log n whatever the text.</summary>
    private int MergeLong(Span<int> symbols)
    {
        var queue = new MergeQueue(symbols.Length);
        for (var i = 0; i + 1 < symbols.Length; i++) Offer(ref queue, symbols, i);
        while (queue.TryTake(out var at, out var payload))
        {
            // A neighbour may have been merged since this pair was offered.
            if (queue.Next(at) is not (var next and >= 0) || Key(symbols[at], symbols[next]) != payload) continue;
            symbols[at] = _merges[payload].Id;
            queue.Remove(next);
            if (queue.Previous(at) is var previous and >= 0) Offer(ref queue, symbols, previous);
            Offer(ref queue, symbols, at);
        }
        var count = 0;
        for (var i = 0; i >= 0; i = queue.Next(i)) symbols[count++] = symbols[i];
        return count;
    }

    private void Offer(ref MergeQueue queue, ReadOnlySpan<int> symbols, int at)
    {
        if (queue.Next(at) is not (var next and >= 0)) return;
        var key = Key(symbols[at], symbols[next]);
        if (_merges.TryGetValue(key, out var merge)) queue.Offer(at, merge.Rank, key);
    }
}
