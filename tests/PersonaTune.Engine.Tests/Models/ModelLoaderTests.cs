using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Tests.Models;

public class ModelLoaderTests
{
    [Theory]
    [InlineData("llama.gguf", TensorType.F32, true)]
    [InlineData("llama-untied.gguf", TensorType.F32, false)]
    [InlineData("wide-Q8_0.gguf", TensorType.Q8_0, false)]
    [InlineData("wide-Q4_0.gguf", TensorType.Q4_0, false)]
    [InlineData("wide-Q4_1.gguf", TensorType.Q4_1, false)]
    [InlineData("wide-Q5_0.gguf", TensorType.Q5_0, false)]
    [InlineData("wide-Q5_1.gguf", TensorType.Q5_1, false)]
    [InlineData("wide-Q4_K_M.gguf", TensorType.Q4_K, false)]
    [InlineData("wide-Q5_K_M.gguf", TensorType.Q5_K, false)]
    [InlineData("wide-Q6_K.gguf", TensorType.Q6_K, false)]
    public void LoadsEveryReferenceModel(string name, TensorType queryType, bool tied)
    {
        using var model = ModelLoader.Load(SharedData.Reference("models", name));

        Assert.Equal(tied, model.Config.TiedHead);
        Assert.Equal(queryType, model.Blocks[0].Query.Type);
        Assert.Equal(model.Config.BlockCount, model.Blocks.Count);
        Assert.Equal(model.Config.QueryLength, model.Blocks[^1].Query.Rows);
        Assert.Equal(64, model.Digest.Length);
        Assert.All(model.Blocks, b => Assert.Equal(model.Config.EmbeddingLength, b.AttentionNorm.Length));
    }

    [SharedFact("models/stories260K/stories260K.gguf")]
    public void LoadsARealModel()
    {
        using var model = ModelLoader.Load(SharedData.Shared("models", "stories260K", "stories260K.gguf"));

        Assert.Equal(512, model.Config.VocabularySize);
        Assert.Equal(260_032, Parameters(model));
    }

    [Fact]
    public void AnAdapterIsNoModel()
    {
        var error = Assert.Throws<FileFormatException>(() => ModelLoader.Load(SharedData.Reference("models", "llama-lora.gguf")));
        Assert.Contains("adapter", error.Message, StringComparison.Ordinal);
    }

    [SharedFact("reference/models/qwen2.gguf")]
    public void AnotherArchitectureIsNamed()
    {
        var error = Assert.Throws<FileFormatException>(() => ModelLoader.Load(SharedData.Shared("reference", "models", "qwen2.gguf")));
        Assert.Contains("'qwen2'", error.Message, StringComparison.Ordinal);
    }

    private static long Parameters(DecoderModel model) => Size(model.TokenEmbedding) + model.OutputNorm.Length
        + (model.Config.TiedHead ? 0 : Size(model.Head))
        + model.Blocks.Sum(b => Size(b.Query) + Size(b.Key) + Size(b.Value) + Size(b.Output) + Size(b.Gate) + Size(b.Up) + Size(b.Down)
            + b.AttentionNorm.Length + b.FeedForwardNorm.Length);

    private static long Size(WeightMatrix matrix) => (long)matrix.Rows * matrix.Columns;
}
