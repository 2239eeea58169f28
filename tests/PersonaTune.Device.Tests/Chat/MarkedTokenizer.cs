using System.Text;
using PersonaTune.Engine.Tokenization;

namespace PersonaTune.Device.Tests.Chat;

/// <summary>One token a byte from 16 on; below are control tokens with the given spellings.</summary>
internal sealed class MarkedTokenizer(params string[] marks) : ITokenizer
{
    private static readonly byte[] Bytes = [.. Enumerable.Range(0, 256).Select(value => (byte)value)];

    public int VocabularySize => 272;

    public int? BosId { get; init; } = 0;

    public int? EosId => 1;

    public bool AddBos { get; init; }

    public string Digest => "marked";

    public IReadOnlyList<int> Encode(ReadOnlySpan<char> text) => [.. Encoding.UTF8.GetBytes(text.ToString()).Select(value => value + 16)];

    public ReadOnlySpan<byte> TokenBytes(int id) => id < 16 ? [] : Bytes.AsSpan(id - 16, 1);

    public bool IsControl(int id) => id < 16;

    public int? FindToken(string spelling) => Array.IndexOf(marks, spelling) is >= 0 and var index ? index + 2 : null;

    public string Decode(ReadOnlySpan<int> ids)
    {
        var text = new StringBuilder();
        foreach (var id in ids)
            text.Append(id switch { 0 => "<s>", 1 => "</s>", < 16 => marks[id - 2], _ => ((char)(id - 16)).ToString() });
        return text.ToString();
    }
}
