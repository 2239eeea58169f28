using System.Buffers.Binary;
using System.Text;

namespace PersonaTune.Engine.Tests.Tokenization;

/// <summary>
/// The peer's two vocabulary files. The copies in the shared data may have passed through a lossy UTF-8 decoder that turned every
/// invalid byte into U+FFFD, which no GGUF reader can accept. The lost bytes are known (counts and ids follow from the rest, Llama's
/// scores fall by one a token), so they are put back, and the same loss applied to the result must give the damaged file again.
/// </summary>
internal static class ReferenceVocabulary
{
    private static readonly byte[] Lost = [0xEF, 0xBF, 0xBD];

    public static string Folder => SharedData.Shared("reference", "tokenizers");

    public static byte[] Load(string name)
    {
        var found = File.ReadAllBytes(Path.Combine(Folder, name));
        if (!Damage(found).AsSpan().SequenceEqual(found)) return found;
        var repaired = name.Contains("spm", StringComparison.Ordinal) ? RepairSpm(found) : RepairGpt2(found);
        if (!Damage(repaired).AsSpan().SequenceEqual(found)) throw new InvalidDataException($"{name} is damaged in an unknown way");
        return repaired;
    }

    /// <summary>Cases and the ids that the peer gives them, without special tokens.</summary>
    public static IReadOnlyList<(string Text, int[] Ids)> Cases(string name)
    {
        var texts = File.ReadAllText(Path.Combine(Folder, name + ".inp")).Split("\n__ggml_vocab_test__\n");
        var lines = File.ReadAllText(Path.Combine(Folder, name + ".out")).Split('\n');
        return [.. texts.Zip(lines, (text, line) =>
            (text, line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse).ToArray()))];
    }

    private static byte[] Damage(byte[] bytes) => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(bytes));

    private static byte[] RepairGpt2(byte[] found)
    {
        var rest = found.AsSpan();
        using var repaired = new MemoryStream();
        // In file order: epsilon 1e-5, count of tokens, a token of 128 bytes, counts of types and merges, a merge of 128+ bytes, BOS, EOS.
        foreach (var value in (byte[])[0xAC, 0xC5, 0xC4, 0x80, 0xC4, 0xC3, 0x81, 0xC4, 0xC4])
        {
            var at = rest.IndexOf(Lost);
            repaired.Write(rest[..at]);
            repaired.WriteByte(value);
            rest = rest[(at + Lost.Length)..];
        }
        repaired.Write(rest);
        return repaired.ToArray();
    }

    private static byte[] RepairSpm(byte[] found)
    {
        const int count = 32_000;
        var tokens = Find(found, "tokenizer.ggml.tokens") + 16;
        using var repaired = new MemoryStream();
        var header = found.AsSpan(0, tokens);
        foreach (var value in (byte[])[0xAC, 0xC5, 0x80])
        {
            var at = header.IndexOf(Lost);
            repaired.Write(header[..at]);
            repaired.WriteByte(value);
            header = header[(at + Lost.Length)..];
        }
        repaired.Write(header);
        var scores = Find(found, "tokenizer.ggml.scores") + 16;
        repaired.Write(found.AsSpan(tokens..scores));
        Span<byte> bytes = stackalloc byte[sizeof(float)];
        for (var id = 0; id < count; id++)
        {
            var length = (int)BinaryPrimitives.ReadInt64LittleEndian(found.AsSpan(tokens));
            var token = Encoding.UTF8.GetString(found, tokens + 8, length);
            tokens += 8 + length;
            var score = token.All(c => c == '▁') ? -1e9f : id < 259 ? 0f : 259f - id;
            BinaryPrimitives.WriteSingleLittleEndian(bytes, score);
            repaired.Write(bytes);
        }
        repaired.Write(found.AsSpan(Find(found, "tokenizer.ggml.token_type") - "tokenizer.ggml.token_type".Length - 8));
        return repaired.ToArray();
    }

    /// <summary>Position after a key.</summary>
    private static int Find(byte[] found, string key) => found.AsSpan().IndexOf(Encoding.ASCII.GetBytes(key)) + key.Length;
}
