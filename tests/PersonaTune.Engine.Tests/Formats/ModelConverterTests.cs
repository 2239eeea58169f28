using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Tensors;
using PersonaTune.Engine.Tokenization;

namespace PersonaTune.Engine.Tests.Formats;

public sealed class ModelConverterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("personatune-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [SharedFact("models/keyboard-base")]
    public void TheShippedModelIsReproducedByteForByte()
    {
        var made = Path.Combine(_folder, "keyboard-base-q8_0.gguf");
        var result = ModelConverter.Convert(SharedData.Shared("models", "keyboard-base"), made);

        Assert.Equal(ModelDigest.OfFile(Path.Combine(SharedData.SolutionRoot, "models", "keyboard-base-q8_0.gguf")), result.Digest);
        Assert.Equal(new FileInfo(made).Length, result.ByteLength);
        Assert.Empty(result.Fallbacks);
        Assert.False(result.SourceWasQuantized);
    }

    [Fact]
    public void TheShippedModelLoadsWithItsTokenizer()
    {
        using var model = ModelLoader.Load(Path.Combine(SharedData.SolutionRoot, "models", "keyboard-base-q8_0.gguf"));

        Assert.Equal(8192, model.Config.VocabularySize);
        Assert.Equal((4, 256, 4, 2, 64, 768), (model.Config.BlockCount, model.Config.EmbeddingLength, model.Config.HeadCount,
            model.Config.KeyValueHeadCount, model.Config.HeadLength, model.Config.FeedForwardLength));
        Assert.True(model.Config.TiedHead);
        Assert.Equal(TensorType.Q8_0, model.TokenEmbedding.Type);
        var tokenizer = Assert.IsAssignableFrom<ITokenizer>(model.Tokenizer);
        Assert.Equal((0, 0, true), (tokenizer.BosId, tokenizer.EosId, tokenizer.AddBos));
        Assert.Equal("see you at 8, ok? 😀", tokenizer.Decode([.. tokenizer.Encode("see you at 8, ok? 😀")]));
    }

    [SharedFact("models/keyboard-base")]
    public void TheTokenizerSurvives()
    {
        var original = TokenizerFactory.FromTokenizerJson(SharedData.Shared("models", "keyboard-base", "tokenizer.json"));
        using var model = ModelLoader.Load(Path.Combine(SharedData.SolutionRoot, "models", "keyboard-base-q8_0.gguf"));

        Assert.Equal(original.Digest, model.Tokenizer!.Digest);
    }

    [Theory]
    [InlineData(TensorType.F16)]
    [InlineData(TensorType.Q4_0)]
    [InlineData(TensorType.Q4_K)]
    [InlineData(TensorType.Q6_K)]
    public void RequantizingKeepsEverythingButTheWeights(TensorType type)
    {
        var source = Path.Combine(SharedData.SolutionRoot, "models", "keyboard-base-q8_0.gguf");
        var made = Path.Combine(_folder, "model.gguf");
        var seen = new List<ConversionProgress>();

        var result = ModelConverter.Convert(source, made, new QuantizeOptions { Type = type, Name = "smaller" }, new Progress(seen.Add));

        using var before = GgufFile.Open(source);
        using var after = GgufFile.Open(made);
        Assert.True(result.SourceWasQuantized);
        Assert.Equal(before.Tensors.Count, seen[^1].Total);
        Assert.Equal(before.Tensors.Count, seen[^1].Done);
        Assert.Equal("smaller", after.Metadata.GetString("general.name"));
        Assert.Equal(before.Metadata.GetStrings("tokenizer.ggml.merges"), after.Metadata.GetStrings("tokenizer.ggml.merges"));
        Assert.Equal(before.GetVector("output_norm.weight"), after.GetVector("output_norm.weight"));
        Assert.Equal(type, after.GetMatrix("blk.0.ffn_up.weight").Type);
        Assert.True(RelativeError(before.GetFloats("blk.0.ffn_up.weight"), after.GetFloats("blk.0.ffn_up.weight")) < 0.1);
    }

    [Fact]
    public void TheSameTypeIsCopiedWithoutLoss()
    {
        var source = Path.Combine(SharedData.SolutionRoot, "models", "keyboard-base-q8_0.gguf");
        var made = Path.Combine(_folder, "copy.gguf");
        Assert.Equal(ModelDigest.OfFile(source), ModelConverter.Convert(source, made).Digest);
    }

    [Fact]
    public void ThreadsDoNotChangeTheResult()
    {
        var source = SharedData.Reference("models", "llama.gguf");
        var one = ModelConverter.Convert(source, Path.Combine(_folder, "1.gguf"), new QuantizeOptions { Type = TensorType.Q4_0, Threads = 1 });
        var three = ModelConverter.Convert(source, Path.Combine(_folder, "3.gguf"), new QuantizeOptions { Type = TensorType.Q4_0, Threads = 3 });
        Assert.Equal(one.Digest, three.Digest);
    }

    [Fact]
    public void RowsThatDoNotFitFallBackAndAreNamed()
    {
        // Rows of 128 hold blocks of 32, but no super-block of 256.
        var result = ModelConverter.Convert(SharedData.Reference("models", "llama.gguf"), Path.Combine(_folder, "k.gguf"), new QuantizeOptions { Type = TensorType.Q4_K });

        using var made = GgufFile.Open(result.Path);
        Assert.Contains("blk.0.attn_q.weight", result.Fallbacks);
        Assert.Equal(TensorType.Q8_0, made.GetMatrix("blk.0.attn_q.weight").Type);
    }

    [Fact]
    public void TheEmbeddingMayKeepMoreBits()
    {
        var result = ModelConverter.Convert(SharedData.Reference("models", "llama.gguf"), Path.Combine(_folder, "m.gguf"),
            new QuantizeOptions { Type = TensorType.Q4_0, EmbeddingType = TensorType.Q8_0 });

        using var made = GgufFile.Open(result.Path);
        Assert.Equal(TensorType.Q8_0, made.GetMatrix("token_embd.weight").Type);
        Assert.Equal(TensorType.Q4_0, made.GetMatrix("blk.0.attn_q.weight").Type);
    }

    [Fact]
    public void QueryAndKeyRowsArePermutedAsThePeerDoes()
    {
        using var gguf = GgufFile.Open(SharedData.Reference("models", "llama-lora.gguf"));
        using var peft = SafetensorsFile.Open(SharedData.Reference("models", "llama-lora-peft", "adapter_model.safetensors"), SafetensorsOptions.Adapter);
        using var model = ModelLoader.Load(SharedData.Reference("models", "llama.gguf"));
        foreach (var (ours, theirs) in new[] { ("attn_q", "q_proj"), ("attn_k", "k_proj") })
        {
            var halfSplit = peft.GetFloats($"base_model.model.model.layers.0.self_attn.{theirs}.lora_B.weight");
            var expected = gguf.GetFloats($"blk.0.{ours}.weight.lora_b");
            var adjacent = new float[halfSplit.Length];
            HeadPermutation.ToAdjacent(halfSplit, adjacent, 4, model.Config.HeadLength);
            Assert.Equal(expected, adjacent);

            var back = new float[halfSplit.Length];
            HeadPermutation.ToHalfSplit(adjacent, back, 4, model.Config.HeadLength);
            Assert.Equal(halfSplit, back);
            Assert.NotEqual(halfSplit, adjacent);
        }
    }

    [Fact]
    public void CancellationLeavesNothingBehind()
    {
        using var source = new CancellationTokenSource();
        var target = Path.Combine(_folder, "never.gguf");
        Assert.Throws<OperationCanceledException>(() => ModelConverter.Convert(SharedData.Reference("models", "llama.gguf"), target,
            new QuantizeOptions { Type = TensorType.Q4_0 }, new Progress(_ => source.Cancel()), source.Token));
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void AnAdapterIsRefused()
    {
        var error = Assert.Throws<FileFormatException>(() => ModelConverter.Convert(SharedData.Reference("models", "llama-lora.gguf"), Path.Combine(_folder, "a.gguf")));
        Assert.Contains("adapter", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TheSourceIsNotOverwritten()
    {
        var copy = Path.Combine(_folder, "llama.gguf");
        File.Copy(SharedData.Reference("models", "llama.gguf"), copy);
        Assert.Throws<ArgumentException>(() => ModelConverter.Convert(copy, Path.Combine(_folder, ".", "llama.gguf")));
        Assert.Equal(ModelDigest.OfFile(SharedData.Reference("models", "llama.gguf")), ModelDigest.OfFile(copy));
    }

    private static double RelativeError(float[] exact, float[] approximate) =>
        Math.Sqrt(exact.Zip(approximate, (a, b) => (double)(a - b) * (a - b)).Sum() / exact.Sum(a => (double)a * a));

    private sealed class Progress(Action<ConversionProgress> report) : IProgress<ConversionProgress>
    {
        public void Report(ConversionProgress value) => report(value);
    }
}
