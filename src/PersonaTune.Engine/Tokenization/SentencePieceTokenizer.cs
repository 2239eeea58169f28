using System.Text;

namespace PersonaTune.Engine.Tokenization;

/// <summary>
/// SentencePiece's byte-pair model (Kudo and Richardson 2018): starting from single characters, the neighbours whose joined token has
/// the highest score are merged until no token is left to form; a character without a token is spelled in byte tokens, or in the
/// unknown token where the vocabulary has none. Spaces are written U+2581. Immutable and thread-safe.
/// </summary>
public sealed class SentencePieceTokenizer : ITokenizer
{
    internal const char Space = '▁';

    private readonly TokenTable _table;
    private readonly bool _addSpacePrefix;
    private readonly float[] _scores;
    private readonly int[] _byteIds = new int[256];
    private readonly int _unknownId;
    private readonly Dictionary<string, int> _pieces = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _pieceIds;
    private readonly UserDefinedTokens _userDefined;

    /// <summary>Creates the tokenizer and checks the vocabulary.</summary>
    /// <exception cref="Formats.FileFormatException">Tokens repeat, ids or byte tokens are out of range, or scores are missing or not finite.</exception>
    public SentencePieceTokenizer(TokenizerVocabulary vocabulary)
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        _table = new TokenTable(vocabulary);
        _addSpacePrefix = vocabulary.AddSpacePrefix;
        if (vocabulary.Scores is not { } scores || scores.Count != _table.Count)
            throw vocabulary.Invalid($"{_table.Count} tokens need as many scores, found {vocabulary.Scores?.Count ?? 0}");
        _scores = [.. scores];
        Array.Fill(_byteIds, -1);
        _unknownId = -1;
        var userDefined = new List<(string, int)>();
        for (var id = 0; id < _table.Count; id++)
        {
            if (!float.IsFinite(_scores[id])) throw vocabulary.Invalid($"token {id} has the score {_scores[id]}, expected a finite number");
            var token = vocabulary.Tokens[id];
            switch (_table[id])
            {
                case TokenKind.Normal:
                    _pieces.Add(token, id);
                    break;
                case TokenKind.UserDefined:
                    userDefined.Add((token.Replace(Space, ' '), id));
                    break;
                case TokenKind.Byte:
                    _byteIds[TokenTable.ParseByte(token)] = id;
                    break;
                case TokenKind.Unknown when _unknownId < 0:
                    _unknownId = id;
                    break;
            }
        }
        _pieceIds = _pieces.GetAlternateLookup<ReadOnlySpan<char>>();
        _userDefined = new UserDefinedTokens(userDefined);
    }

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
    /// <remarks>An unpaired surrogate is encoded as U+FFFD. U+2581 in the text becomes a space, as the vocabulary writes both alike.</remarks>
    /// <exception cref="EngineException">The vocabulary can spell a character neither in bytes nor as unknown.</exception>
    public IReadOnlyList<int> Encode(ReadOnlySpan<char> text)
    {
        var ids = new List<int>(text.Length / 3 + 4);
        var first = true;
        while (!text.IsEmpty)
        {
            var found = _userDefined.TryFind(text, out var start, out var length, out var id);
            if (start > 0) EncodePlain(string.Concat(first && _addSpacePrefix ? " " : "", text[..start]).Replace(' ', Space), ids);
            if (found) ids.Add(id);
            text = text[(start + length)..];
            first = false;
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
    public string Decode(ReadOnlySpan<int> ids) => _table.Decode(ids, _addSpacePrefix);

    private void EncodePlain(string text, List<int> ids)
    {
        // One symbol a character; starts[i] to ends[i] is its text, which grows as symbols merge.
        var starts = new int[text.Length];
        var ends = new int[text.Length];
        var count = 0;
        for (var i = 0; i < text.Length; i = ends[count++])
        {
            starts[count] = i;
            ends[count] = i + (char.IsSurrogatePair(text, i) ? 2 : 1);
        }
        var queue = new MergeQueue(count);
        for (var i = 0; i + 1 < count; i++) Offer(in queue, text, starts, ends, i);
        while (queue.TryTake(out var at, out var end))
        {
            // A neighbour may have been merged since this pair was offered.
            if (queue.Next(at) is not (var next and >= 0) || ends[next] != (int)end || ends[at] != (int)(end >> 32)) continue;
            ends[at] = ends[next];
            queue.Remove(next);
            if (queue.Previous(at) is var previous and >= 0) Offer(in queue, text, starts, ends, previous);
            Offer(in queue, text, starts, ends, at);
        }
        for (var i = 0; i >= 0; i = queue.Next(i)) Emit(text.AsSpan(starts[i]..ends[i]), ids);
    }

    private void Offer(in MergeQueue queue, string text, int[] starts, int[] ends, int at)
    {
        if (queue.Next(at) is var next and >= 0 && _pieceIds.TryGetValue(text.AsSpan(starts[at]..ends[next]), out var id))
            queue.Offer(at, -(double)_scores[id], ((long)ends[at] << 32) | (uint)ends[next]);
    }

    private void Emit(ReadOnlySpan<char> piece, List<int> ids)
    {
        if (_pieceIds.TryGetValue(piece, out var id))
        {
            ids.Add(id);
            return;
        }
        Span<byte> bytes = stackalloc byte[4];
        var count = Encoding.UTF8.GetBytes(piece, bytes);
        foreach (var value in bytes[..count])
            if (_byteIds[value] < 0)
            {
                ids.Add(_unknownId >= 0
                    ? _unknownId
                    : throw new EngineException($"{_table.Subject}: no token stands for byte 0x{value:X2}; use the vocabulary that belongs to the model"));
                return;
            }
        foreach (var value in bytes[..count]) ids.Add(_byteIds[value]);
    }
}
