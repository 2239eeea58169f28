using System.Text;
using PersonaTune.Engine.Tokenization;

namespace PersonaTune.FaultProbe;

/// <summary>The first 254 bytes as tokens after a beginning and an end: gives the tiny reference model, which has none, a tokenizer.</summary>
internal sealed class ProbeTokenizer : ITokenizer
{
    private static readonly byte[] Bytes = [.. Enumerable.Range(0, 254).Select(value => (byte)value)];

    public int VocabularySize => 256;

    public int? BosId => 0;

    public int? EosId => 1;

    public bool AddBos => true;

    public string Digest => "probe";

    public IReadOnlyList<int> Encode(ReadOnlySpan<char> text) =>
        [.. Encoding.UTF8.GetBytes(text.ToString()).Where(value => value < Bytes.Length).Select(value => value + 2)];

    public ReadOnlySpan<byte> TokenBytes(int id) => id < 2 ? [] : Bytes.AsSpan(id - 2, 1);

    public bool IsControl(int id) => id < 2;

    public string Decode(ReadOnlySpan<int> ids)
    {
        var bytes = new List<byte>();
        foreach (var id in ids) bytes.AddRange(TokenBytes(id));
        return Encoding.UTF8.GetString([.. bytes]);
    }
}
