using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace PersonaTune.Engine.Tokenization;

/// <summary>What both tokenizers share: checked spellings, kinds, bytes of each token, special ids and the digest. Immutable.</summary>
internal sealed class TokenTable
{
    private readonly byte[] _bytes;
    private readonly int[] _offsets;
    private readonly TokenKind[] _kinds;

    public TokenTable(TokenizerVocabulary vocabulary)
    {
        var count = vocabulary.Tokens.Count;
        if (count == 0) throw vocabulary.Invalid("the vocabulary is empty");
        if (vocabulary.Kinds is { } kinds && kinds.Count != count)
            throw vocabulary.Invalid($"{count} tokens need as many token types, found {kinds.Count}");
        CheckId(vocabulary, vocabulary.BosId, "beginning-of-sequence");
        CheckId(vocabulary, vocabulary.EosId, "end-of-sequence");
        if (vocabulary is { AddBos: true, BosId: null })
            throw vocabulary.Invalid("a beginning-of-sequence token is to be added but none is named");
        Subject = vocabulary.Subject;
        (BosId, EosId, AddBos) = (vocabulary.BosId, vocabulary.EosId, vocabulary.AddBos);
        _kinds = new TokenKind[count];
        _offsets = new int[count + 1];
        Ids = new Dictionary<string, int>(count, StringComparer.Ordinal);
        using var bytes = new MemoryStream();
        for (var id = 0; id < count; id++)
        {
            var token = vocabulary.Tokens[id];
            if (!Ids.TryAdd(token, id))
                throw vocabulary.Invalid($"tokens {Ids[token]} and {id} are both {Quote(token)}; every token must be unique");
            _kinds[id] = Kind(vocabulary, id);
            bytes.Write(Spell(vocabulary, id));
            if (bytes.Length > int.MaxValue) throw vocabulary.Invalid("the vocabulary's text exceeds 2 GiB");
            _offsets[id + 1] = (int)bytes.Length;
        }
        _bytes = bytes.ToArray();
        Digest = ComputeDigest(vocabulary);
    }

    public string Subject { get; }

    public int Count => _kinds.Length;

    public int? BosId { get; }

    public int? EosId { get; }

    public bool AddBos { get; }

    public string Digest { get; }

    /// <summary>Ids by spelling as in the file.</summary>
    public Dictionary<string, int> Ids { get; }

    public TokenKind this[int id] => _kinds[Check(id)];

    public ReadOnlySpan<byte> Bytes(int id) => _bytes.AsSpan(_offsets[Check(id)].._offsets[id + 1]);

    public bool IsControl(int id) => this[id] is TokenKind.Control or TokenKind.Unused or TokenKind.Unknown;

    public static string Quote(string token) => token.Length <= 40 ? $"'{token}'" : $"'{token[..40]}...'";

    /// <summary>The byte that a spelling such as <c>&lt;0x0A&gt;</c> names, or -1.</summary>
    public static int ParseByte(string token) =>
        token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>'
        && char.IsAsciiHexDigit(token[3]) && char.IsAsciiHexDigit(token[4])
            ? int.Parse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)
            : -1;

    /// <summary>Text of the ids; invalid UTF-8 becomes U+FFFD. <paramref name="dropSpace"/> removes one leading space.</summary>
    public string Decode(ReadOnlySpan<int> ids, bool dropSpace)
    {
        var length = 0;
        foreach (var id in ids) length = checked(length + Bytes(id).Length);
        var bytes = new byte[length];
        var end = 0;
        foreach (var id in ids)
        {
            var token = Bytes(id);
            token.CopyTo(bytes.AsSpan(end));
            end += token.Length;
        }
        var start = dropSpace && end > 0 && bytes[0] == ' ' ? 1 : 0;
        return Encoding.UTF8.GetString(bytes, start, end - start);
    }

    private static TokenKind Kind(TokenizerVocabulary vocabulary, int id)
    {
        if (vocabulary.Kinds is not { } kinds) return TokenKind.Normal;
        var kind = kinds[id];
        return kind is >= TokenKind.Normal and <= TokenKind.Byte
            ? kind
            : throw vocabulary.Invalid($"token {id} has type {(int)kind}, expected 1 to 6");
    }

    private byte[] Spell(TokenizerVocabulary vocabulary, int id)
    {
        var token = vocabulary.Tokens[id];
        switch (_kinds[id])
        {
            case TokenKind.Control or TokenKind.Unused or TokenKind.Unknown:
                return [];
            case TokenKind.Byte:
                var value = ParseByte(token);
                return value >= 0
                    ? [(byte)value]
                    : throw vocabulary.Invalid($"token {id} is a byte token but is spelled {Quote(token)}, expected <0x00> to <0xFF>");
            case TokenKind.Normal when vocabulary.Model == TokenizerModel.ByteLevelBpe:
                return ByteAlphabet.Decode(token);
            default:
                return Encoding.UTF8.GetBytes(vocabulary.Model == TokenizerModel.SentencePiece
                    ? token.Replace(SentencePieceTokenizer.Space, ' ')
                    : token);
        }
    }

    private static void CheckId(TokenizerVocabulary vocabulary, int? id, string name)
    {
        if (id is { } value && (uint)value >= (uint)vocabulary.Tokens.Count)
            throw vocabulary.Invalid($"the {name} id is {value}, but ids run from 0 to {vocabulary.Tokens.Count - 1}");
    }

    private int Check(int id) => (uint)id < (uint)_kinds.Length
        ? id
        : throw new ArgumentOutOfRangeException(nameof(id), id, $"token ids of {Subject} run from 0 to {_kinds.Length - 1}");

    private static string ComputeDigest(TokenizerVocabulary vocabulary)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Number(hash, (int)vocabulary.Model);
        Number(hash, (int)vocabulary.PreTokenizer);
        Number(hash, (vocabulary.IgnoreMerges ? 1 : 0) | (vocabulary.AddSpacePrefix ? 2 : 0) | (vocabulary.AddBos ? 4 : 0));
        Number(hash, vocabulary.BosId ?? -1);
        Number(hash, vocabulary.EosId ?? -1);
        Texts(hash, vocabulary.Tokens);
        Texts(hash, vocabulary.Model == TokenizerModel.ByteLevelBpe ? vocabulary.Merges ?? [] : []);
        for (var id = 0; id < vocabulary.Tokens.Count; id++)
        {
            Number(hash, (int)(vocabulary.Kinds?[id] ?? TokenKind.Normal));
            if (vocabulary.Model == TokenizerModel.SentencePiece)
                Number(hash, BitConverter.SingleToInt32Bits(id < vocabulary.Scores?.Count ? vocabulary.Scores[id] : 0));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void Number(IncrementalHash hash, int value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        hash.AppendData(bytes);
    }

    private static void Texts(IncrementalHash hash, IReadOnlyList<string> texts)
    {
        Number(hash, texts.Count);
        foreach (var text in texts)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            Number(hash, bytes.Length);
            hash.AppendData(bytes);
        }
    }
}
