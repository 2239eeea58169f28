using System.Text;
using PersonaTune.Engine.Tokenization;

namespace PersonaTune.Engine.Tests.Inference;

/// <summary>A vocabulary for tests: 0 begins, 1 ends a sequence, then one token for each given run of bytes.</summary>
internal sealed class ByteTokenizer(params byte[][] tokens) : ITokenizer
{
    public int VocabularySize => tokens.Length + 2;

    public int? BosId { get; init; } = 0;

    public int? EosId => 1;

    public bool AddBos => BosId is not null;

    public string Digest => "test";

    public IReadOnlyList<int> Encode(ReadOnlySpan<char> text)
    {
        var ids = new List<int>();
        foreach (var value in Encoding.UTF8.GetBytes(text.ToString()))
            ids.Add(Array.FindIndex(tokens, token => token.AsSpan().SequenceEqual([value])) + 2);
        return ids;
    }

    public ReadOnlySpan<byte> TokenBytes(int id) => id < 2 ? [] : tokens[id - 2];

    public bool IsControl(int id) => id < 2;

    /// <summary>With the leading-space rule of SentencePiece vocabularies.</summary>
    public string Decode(ReadOnlySpan<int> ids)
    {
        var bytes = new List<byte>();
        foreach (var id in ids) bytes.AddRange(TokenBytes(id));
        var text = Encoding.UTF8.GetString(bytes.ToArray());
        return text.StartsWith(' ') ? text[1..] : text;
    }
}
