using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;

namespace PersonaTune.Fuzz;

/// <summary>Small valid files to begin with: those of the repository, and models of a few kilobytes made here.</summary>
internal static class Seeds
{
    public static string Root { get; } = Find();

    public static byte[][] Images(params string[] endings) =>
        [.. Directory.GetFiles(Reference("images")).Where(path => endings.Any(ending => path.EndsWith(ending, StringComparison.Ordinal))).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];

    public static string Reference(params string[] parts) => Path.Combine([Root, "tests", "reference", .. parts]);

    /// <summary>A decoder of two blocks, width 8, as GGUF.</summary>
    public static byte[] Decoder()
    {
        var writer = new GgufWriter();
        writer.Set("general.architecture", GgufValue.Of("llama"));
        foreach (var (key, value) in new (string, uint)[] { ("context_length", 64), ("embedding_length", 32), ("block_count", 1), ("feed_forward_length", 32), ("attention.head_count", 2) })
            writer.Set("llama." + key, GgufValue.Of(value));
        writer.Set("llama.attention.layer_norm_rms_epsilon", GgufValue.Of(1e-5f));
        writer.Set("tokenizer.ggml.model", GgufValue.Of("gpt2"));
        writer.Set("tokenizer.ggml.pre", GgufValue.Of("gpt-2"));
        writer.Set("tokenizer.ggml.tokens", GgufValue.Of(["a", "b", "ab", "<s>"]));
        writer.Set("tokenizer.ggml.merges", GgufValue.Of(["a b"]));
        writer.Set("tokenizer.ggml.token_type", GgufValue.Of([1, 1, 1, 3]));
        void Add(string name, params long[] shape) => writer.Add(name, shape, Values(shape));
        Add("token_embd.weight", 32, 4);
        Add("blk.0.attn_norm.weight", 32);
        foreach (var name in new[] { "attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down" }) Add($"blk.0.{name}.weight", 32, 32);
        Add("blk.0.ffn_norm.weight", 32);
        Add("output_norm.weight", 32);
        using var stream = new MemoryStream();
        writer.Write(stream);
        return stream.ToArray();
    }

    /// <summary>A vision transformer of one block, width 8, for pictures of 8 pixels, as GGUF.</summary>
    public static byte[] Vision()
    {
        var writer = new GgufWriter();
        writer.Set("general.architecture", GgufValue.Of("vit"));
        foreach (var (key, value) in new (string, uint)[] { ("image_size", 8), ("patch_size", 4), ("embedding_length", 8), ("block_count", 1), ("attention.head_count", 2), ("feed_forward_length", 16) })
            writer.Set("vit." + key, GgufValue.Of(value));
        writer.Set("vit.attention.layer_norm_epsilon", GgufValue.Of(1e-6f));
        writer.Set("vit.labels", GgufValue.Of(["x", "y"]));
        writer.Set("vit.image_mean", GgufValue.Of([0.5f, 0.5f, 0.5f]));
        writer.Set("vit.image_std", GgufValue.Of([0.5f, 0.5f, 0.5f]));
        void Add(string name, params long[] shape) => writer.Add(name, shape, Values(shape));
        Add("v.class_embd", 8, 1);
        Add("v.position_embd.weight", 8, 5);
        Add("v.patch_embd.weight", 48, 8);
        Add("v.patch_embd.bias", 8);
        foreach (var norm in new[] { "v.blk.0.ln1", "v.blk.0.ln2", "v.post_ln" })
        {
            Add(norm + ".weight", 8);
            Add(norm + ".bias", 8);
        }

        foreach (var name in new[] { "attn_q", "attn_k", "attn_v", "attn_out" }) Add($"v.blk.0.{name}.weight", 8, 8);
        Add("v.blk.0.ffn_up.weight", 8, 16);
        Add("v.blk.0.ffn_down.weight", 16, 8);
        Add("v.head.weight", 8, 2);
        using var stream = new MemoryStream();
        writer.Write(stream);
        return stream.ToArray();
    }

    public static DecoderModel Model(byte[] gguf) => ModelLoader.Load(GgufFile.FromBytes(gguf, "seed"));

    public static LoraAdapter Adapter(DecoderModel model, bool dora = false)
    {
        var adapter = LoraInitialization.Create(model, new LoraConfig { Rank = 2, Alpha = 4 });
        if (!dora) return adapter;
        foreach (var (block, target, pair) in adapter.Pairs().ToArray())
            adapter[block, target] = new LoraPair(pair.Rank, pair.Inputs, pair.Outputs, pair.Scale, pair.A, pair.B, [.. Enumerable.Repeat(1f, pair.Outputs)]);
        return adapter;
    }

    private static float[] Values(long[] shape)
    {
        var random = new Random(3);
        return [.. Enumerable.Range(0, (int)shape.Aggregate(1L, (a, b) => a * b)).Select(_ => (float)random.NextDouble() - 0.5f)];
    }

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "PersonaTune.sln"))) return folder.FullName;
        throw new DirectoryNotFoundException($"no PersonaTune.sln above '{AppContext.BaseDirectory}'");
    }
}
