using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Vision;

namespace PersonaTune.Engine.Tests.Vision;

/// <summary>Vision transformers against PyTorch in float64 (<c>tests/reference/vision/make_vit.py</c>).</summary>
public sealed class VisionTransformerTests : IDisposable
{
    private readonly SafetensorsFile _reference = SafetensorsFile.Open(SharedData.Reference("vision", "vit.safetensors"), SafetensorsOptions.Model);
    private readonly WorkerPool _pool = new(2);
    private readonly PhotoEncoder _encoder = PhotoEncoder.Open(SharedData.Reference("vision", "photo-base-f16.gguf"));

    [Fact]
    public void Embeddings_and_classes_equal_the_peers()
    {
        using var session = _encoder.CreateSession(_pool);
        var logits = _reference.GetFloats("logits");
        for (var p = 0; p < 3; p++)
        {
            Close(_reference.GetFloats("embeddings").AsSpan(p * 128, 128), session.Embed(Picture(p)), 2e-5);
            var expected = logits.AsSpan(p * 10, 10).ToArray();
            Softmax.Forward(expected);
            Close(expected, session.Classify(Picture(p)), 2e-5);
        }
    }

    [Fact]
    public void Adapted_embeddings_and_gradients_equal_the_peers()
    {
        var adapter = ReadAdapter("lora.");
        using var pass = _encoder.CreatePass(_pool, adapter, 3, training: true);
        pass.Parameters.Load(adapter);
        // The cut lies below block 2, so that frozen blocks run once.
        Assert.Equal(65 * 128 * 4, pass.StateLength);
        var states = new byte[3 * pass.StateLength];
        for (var p = 0; p < 3; p++) pass.Prepare(Picture(p), states.AsSpan(p * pass.StateLength, pass.StateLength));
        var embeddings = new float[3 * 128];
        pass.Forward(states, 3, embeddings);
        Close(_reference.GetFloats("adapted"), embeddings, 2e-5);
        pass.Parameters.TrainedGradients.Clear();
        pass.Backward(_reference.GetFloats("weights"), 3);
        var gradients = pass.Parameters.GradientsAsAdapter();
        foreach (var (block, target, expected) in ReadAdapter("grad.").Pairs())
        {
            Close(expected.A, gradients[block, target]!.A, 1e-4);
            Close(expected.B, gradients[block, target]!.B, 1e-4);
        }
    }

    [Fact]
    public void A_session_with_an_adapter_computes_the_same()
    {
        using var session = _encoder.CreateSession(_pool, ReadAdapter("lora."));
        for (var p = 0; p < 3; p++) Close(_reference.GetFloats("adapted").AsSpan(p * 128, 128), session.Embed(Picture(p)), 2e-5);
        Assert.Throws<InvalidOperationException>(() => session.Classify(Picture(0)));
    }

    [Theory]
    [InlineData("photo-base-q8_0.gguf", 0.02)]
    [InlineData("q4_0", 0.25)]
    public void Quantized_files_stay_near(string file, double tolerance)
    {
        var path = Path.Combine(SharedData.SolutionRoot, "models", file);
        var folder = Directory.CreateTempSubdirectory();
        if (!file.EndsWith(".gguf", StringComparison.Ordinal))
        {
            path = Path.Combine(folder.FullName, "q4.gguf");
            ModelConverter.Convert(SharedData.Reference("vision", "photo-base-f16.gguf"), path, new QuantizeOptions { Type = Tensors.TensorType.Q4_0 });
        }

        using (var encoder = PhotoEncoder.Open(path))
        using (var session = encoder.CreateSession(_pool))
        {
            Assert.Equal("automobile", encoder.ClassNames[1]);
            for (var p = 0; p < 3; p++) Close(_reference.GetFloats("embeddings").AsSpan(p * 128, 128), session.Embed(Picture(p)), tolerance);
        }

        folder.Delete(recursive: true);
    }

    [SharedFact("models/photo-base/model.safetensors")]
    public void A_folder_and_its_conversion_give_the_same_bits()
    {
        using var folder = PhotoEncoder.Open(SharedData.Shared("models", "photo-base"));
        using var expected = folder.CreateSession(_pool);
        using var actual = _encoder.CreateSession(_pool);
        Assert.Equal(expected.Embed(Picture(1)), actual.Embed(Picture(1)));
    }

    [SharedFact("models/photo-base/model.safetensors")]
    public void The_committed_model_is_what_the_command_makes()
    {
        var folder = Directory.CreateTempSubdirectory();
        var path = Path.Combine(folder.FullName, "photo-base-q8_0.gguf");
        var result = ModelConverter.Convert(SharedData.Shared("models", "photo-base"), path, new QuantizeOptions { Type = Tensors.TensorType.Q8_0 });
        Assert.Equal(ModelDigest.OfFile(Path.Combine(SharedData.SolutionRoot, "models", "photo-base-q8_0.gguf")), result.Digest);
        folder.Delete(recursive: true);
    }

    [Fact]
    public void A_decoder_is_no_picture_encoder()
    {
        var error = Assert.Throws<FileFormatException>(() => PhotoEncoder.Open(Path.Combine(SharedData.SolutionRoot, "models", "keyboard-base-q8_0.gguf")));
        Assert.Contains("'llama' is no picture encoder", error.Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _reference.Dispose();
        _pool.Dispose();
        _encoder.Dispose();
    }

    private byte[] Picture(int index)
    {
        var tensor = _reference.Tensors.Single(tensor => tensor.Name == "pictures");
        return _reference.GetBytes(tensor.Name).Slice(index * 32 * 32 * 3, 32 * 32 * 3).ToArray();
    }

    private LoraAdapter ReadAdapter(string prefix)
    {
        var adapter = new LoraAdapter(new LoraConfig { Rank = 3, Alpha = 6 }, _encoder.BlockCount, _encoder.Digest);
        foreach (var layer in _encoder.Layers.Where(layer => layer.Block is 2 or 5))
        {
            var stem = prefix + layer.Name["v.".Length..^".weight".Length];
            adapter[layer.Block, layer.Target] = new LoraPair(3, layer.Inputs, layer.Outputs, 2f, _reference.GetFloats(stem + ".a"), _reference.GetFloats(stem + ".b"));
        }

        return adapter;
    }

    // Relative root mean square.
    private static void Close(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double tolerance)
    {
        double error = 0, size = 0;
        for (var i = 0; i < expected.Length; i++)
        {
            error += ((double)expected[i] - actual[i]) * ((double)expected[i] - actual[i]);
            size += (double)expected[i] * expected[i];
        }

        Assert.InRange(Math.Sqrt(error / size), 0, tolerance);
    }
}
