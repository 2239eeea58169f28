using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Tests.Formats;

/// <summary>
/// Random damage to real files: the readers may accept the result or refuse it with <see cref="FileFormatException"/>, nothing else,
/// and spend no more memory than a multiple of the file. Seeds are fixed, so a failure repeats.
/// </summary>
public class MutationTests
{
    private const int Rounds = 3_000;

    private static readonly ulong[] Favourites = [0, 1, 3, 31, 255, 256, 65_535, 1UL << 31, (1UL << 31) - 1, uint.MaxValue, 1UL << 32, 1UL << 61, (1UL << 63) - 1, 1UL << 63, ulong.MaxValue, ulong.MaxValue - 31];

    [Fact]
    public void DamagedGgufFilesAreRefusedOrRead()
    {
        var small = SmallModel();
        Mutate(small, seed: 11, bytes =>
        {
            using var file = GgufFile.FromBytes(bytes);
            foreach (var tensor in file.Tensors) _ = file.GetBytes(tensor.Name).Length;
        });
    }

    [Fact]
    public void DamagedModelsAreRefusedOrLoaded()
    {
        var small = SmallModel();
        Mutate(small, seed: 12, bytes =>
        {
            using var model = ModelLoader.Load(GgufFile.FromBytes(bytes));
        });
    }

    [Fact]
    public void DamagedSafetensorsFilesAreRefusedOrRead()
    {
        var small = File.ReadAllBytes(SharedData.Reference("models", "llama-lora-peft", "adapter_model.safetensors"));
        Mutate(small, seed: 13, bytes =>
        {
            using var file = SafetensorsFile.FromBytes(bytes, options: SafetensorsOptions.Adapter);
            foreach (var tensor in file.Tensors) _ = file.GetBytes(tensor.Name).Length;
        });
    }

    private static void Mutate(byte[] valid, int seed, Action<byte[]> read)
    {
        read(valid);
        var random = new Random(seed);
        var header = Math.Min(valid.Length, 2_500);
        var (accepted, refused) = (0, 0);
        for (var round = 0; round < Rounds; round++)
        {
            var bytes = (byte[])valid.Clone();
            for (var hits = random.Next(1, 4); hits > 0; hits--)
            {
                var at = random.Next(header);
                switch (random.Next(4))
                {
                    case 0: bytes[at % bytes.Length] = (byte)random.Next(256); break;
                    case 1: bytes[at % bytes.Length] ^= (byte)(1 << random.Next(8)); break;
                    case 2: BitConverter.TryWriteBytes(bytes.AsSpan(at % Math.Max(1, bytes.Length - 8)), Favourites[random.Next(Favourites.Length)]); break;
                    default: bytes = bytes[..random.Next(9, bytes.Length)]; break;
                }
            }

            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                read(bytes);
                accepted++;
            }
            catch (FileFormatException)
            {
                refused++;
            }
            catch (Exception exception)
            {
                Assert.Fail($"seed {seed}, round {round}: {exception}");
            }

            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated < 20L * valid.Length + 200_000, $"seed {seed}, round {round}: {allocated} bytes for a file of {valid.Length}");
        }

        // Damage that is never noticed, or always, would mean that the test looks at the wrong bytes.
        Assert.InRange(refused, Rounds / 10, Rounds - 10);
        Assert.Equal(Rounds, accepted + refused);
    }

    /// <summary>A complete model small enough to be copied thousands of times.</summary>
    private static byte[] SmallModel()
    {
        var writer = new GgufWriter();
        writer.Set("general.architecture", GgufValue.Of("llama"));
        foreach (var (key, value) in new (string, uint)[]
        {
            ("context_length", 64), ("embedding_length", 8), ("block_count", 1), ("feed_forward_length", 16), ("attention.head_count", 2),
            ("attention.head_count_kv", 1), ("rope.dimension_count", 4),
        }) writer.Set("llama." + key, GgufValue.Of(value));
        writer.Set("llama.attention.layer_norm_rms_epsilon", GgufValue.Of(1e-5f));
        writer.Set("tokenizer.ggml.model", GgufValue.Of("gpt2"));
        writer.Set("tokenizer.ggml.tokens", GgufValue.Of(["<|endoftext|>", .. Enumerable.Range(0, 9).Select(i => ((char)('a' + i)).ToString()), "ab", "abc"]));
        writer.Set("tokenizer.ggml.token_type", GgufValue.Of([3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]));
        writer.Set("tokenizer.ggml.merges", GgufValue.Of(["a b", "ab c"]));
        writer.Set("tokenizer.ggml.eos_token_id", GgufValue.Of(0u));
        Add("token_embd", 8, 12);
        Add("output_norm", 8);
        foreach (var (name, shape) in new (string, long[])[]
        {
            ("attn_norm", [8]), ("attn_q", [8, 8]), ("attn_k", [8, 4]), ("attn_v", [8, 4]), ("attn_output", [8, 8]), ("ffn_norm", [8]),
            ("ffn_gate", [8, 16]), ("ffn_up", [8, 16]), ("ffn_down", [16, 8]),
        }) Add("blk.0." + name, shape);
        using var stream = new MemoryStream();
        writer.Write(stream);
        return stream.ToArray();

        void Add(string name, params long[] shape) => writer.Add(name + ".weight", shape, new float[shape.Aggregate(1L, (a, b) => a * b)]);
    }
}
