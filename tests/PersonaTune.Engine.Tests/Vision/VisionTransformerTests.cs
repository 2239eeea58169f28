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

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_distilled_transformer_with_two_heads_equals_the_peer(bool converted)
    {
        // tests/reference/vision/make_deit.py
        var folder = SharedData.Reference("vision", "deit");
        var temporary = Directory.CreateTempSubdirectory();
        var path = Path.Combine(temporary.FullName, "deit.gguf");
        if (converted) ModelConverter.Convert(folder, path, new QuantizeOptions { Type = Tensors.TensorType.F32 });
        using (var encoder = PhotoEncoder.Open(converted ? path : folder))
        using (var session = encoder.CreateSession(_pool))
        using (var expected = SafetensorsFile.Open(Path.Combine(folder, "expected.safetensors"), SafetensorsOptions.Model))
        {
            Assert.Equal((3, 16, ResampleFilter.Bicubic), (encoder.ClassCount, encoder.Transform.Side, encoder.Transform.Filter));
            Assert.Equal(16.0 / 18, encoder.Transform.Fraction, 1e-6);
            var pictures = expected.GetBytes("pictures").ToArray();
            for (var p = 0; p < 2; p++)
            {
                var picture = pictures.AsSpan(p * 16 * 16 * 3, 16 * 16 * 3);
                Close(expected.GetFloats("embeddings").AsSpan(p * 16, 16), session.Embed(picture), 2e-5);
                Close(expected.GetFloats("probabilities").AsSpan(p * 3, 3), session.Classify(picture), 2e-5);
            }

            // Gradients through two class tokens, against finite differences.
            var adapter = new LoraAdapter(new LoraConfig { Rank = 2, Alpha = 2 }, 2, encoder.Digest);
            var random = new Random(2);
            foreach (var layer in encoder.Layers)
                adapter[layer.Block, layer.Target] = new LoraPair(2, layer.Inputs, layer.Outputs, 1f, Small(2 * layer.Inputs), Small(2 * layer.Outputs));
            using var pass = encoder.CreatePass(_pool, adapter, 2, training: true);
            pass.Parameters.Load(adapter);
            var weights = Enumerable.Range(0, 32).Select(i => MathF.Cos(i * 2.1f)).ToArray();
            var embeddings = new float[32];
            double Loss()
            {
                pass.Forward(pictures, 2, embeddings);
                return embeddings.Zip(weights).Sum(pair => (double)pair.First * pair.Second);
            }

            Loss();
            pass.Parameters.TrainedGradients.Clear();
            pass.Backward(weights, 2);
            var gradients = pass.Parameters.TrainedGradients.ToArray();
            var values = pass.Parameters.AllValues;
            double error = 0, size = 0;
            for (var i = 0; i < gradients.Length; i += 7)
            {
                var kept = values[i];
                values[i] = kept + 5e-3f;
                var above = Loss();
                values[i] = kept - 5e-3f;
                var difference = (above - Loss()) / 1e-2;
                values[i] = kept;
                error += (difference - gradients[i]) * (difference - gradients[i]);
                size += difference * difference;
            }

            Assert.InRange(Math.Sqrt(error / size), 0, 5e-3);

            float[] Small(int count) => [.. Enumerable.Range(0, count).Select(_ => ((float)random.NextDouble() - 0.5f) * 0.2f)];
        }

        temporary.Delete(recursive: true);
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
