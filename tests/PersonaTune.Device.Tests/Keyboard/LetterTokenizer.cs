using System.Text;
using PersonaTune.Engine.Tokenization;

namespace PersonaTune.Device.Tests.Keyboard;

/// <summary>Id 0 begins and ends messages, ids 1 to 256 are the bytes (id = byte + 1), then come the given longer tokens.</summary>
internal sealed class LetterTokenizer(params string[] longer) : ITokenizer
{
    private readonly byte[][] _bytes = [[], .. Enumerable.Range(0, 256).Select(code => (byte[])[(byte)code]), .. longer.Select(Encoding.UTF8.GetBytes)];

    public int VocabularySize => _bytes.Length;

    public int? BosId => 0;

    public int? EosId => 0;

    public bool AddBos => true;

    public string Digest => "";

    /// <summary>Longest match from left to right.</summary>
    public IReadOnlyList<int> Encode(ReadOnlySpan<char> text)
    {
        var bytes = Encoding.UTF8.GetBytes(text.ToString());
        var ids = new List<int>();
        for (var at = 0; at < bytes.Length;)
        {
            var best = Enumerable.Range(1, _bytes.Length - 1).Where(id => bytes.AsSpan(at).StartsWith(_bytes[id])).MaxBy(id => _bytes[id].Length);
            ids.Add(best);
            at += _bytes[best].Length;
        }
        return ids;
    }

    public ReadOnlySpan<byte> TokenBytes(int id) => _bytes[id];

    public bool IsControl(int id) => id == 0;

    public string Decode(ReadOnlySpan<int> ids)
    {
        var bytes = new List<byte>();
        foreach (var id in ids) bytes.AddRange(_bytes[id]);
        return Encoding.UTF8.GetString([.. bytes]);
    }
}
