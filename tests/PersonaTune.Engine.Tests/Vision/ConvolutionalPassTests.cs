using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Vision.Convolutional;

namespace PersonaTune.Engine.Tests.Vision;

/// <summary>The adapted part of a convolutional encoder: near the integers where it does the same, and its gradients against finite differences.</summary>
public sealed class ConvolutionalPassTests : IDisposable
{
    private readonly WorkerPool _pool = new(2);
    private ConvolutionalEncoder _encoder = ConvolutionalEncoder.FromBytes(TinyTflite.Create(seed: 21, side: 16));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Without_an_effect_it_stays_near_the_integers(int firstLayer)
    {
        var adapter = Adapter(firstLayer, zero: true);
        using var adapted = _encoder.CreateSession(_pool, adapter);
        using var frozen = _encoder.CreateSession(_pool);
        for (var pattern = 0; pattern < Patterns.Count; pattern++)
        {
            var (expected, actual) = (frozen.Embed(Patterns.Picture(16, pattern)), adapted.Embed(Patterns.Picture(16, pattern)));
            // Values reach 6 in steps of 0.024; a few roundings lie between.
            for (var i = 0; i < expected.Length; i++) Assert.InRange(actual[i] - expected[i], -0.12, 0.12);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Gradients_equal_finite_differences(int firstLayer)
    {
        var adapter = Adapter(firstLayer, zero: false);
        using var pass = _encoder.CreatePass(_pool, adapter, 2, training: true);
        pass.Parameters.Load(adapter);
        var states = new byte[2 * pass.StateLength];
        for (var p = 0; p < 2; p++) pass.Prepare(Patterns.Picture(16, p + 1), states.AsSpan(p * pass.StateLength, pass.StateLength));
        var weights = Enumerable.Range(0, 22).Select(i => MathF.Sin(i * 1.7f)).ToArray();
        var embeddings = new float[22];
        double Loss()
        {
            pass.Forward(states, 2, embeddings);
            return embeddings.Zip(weights).Sum(pair => (double)pair.First * pair.Second);
        }

        Loss();
        pass.Parameters.TrainedGradients.Clear();
        pass.Backward(weights, 2);
        var gradients = pass.Parameters.TrainedGradients.ToArray();
        var values = pass.Parameters.AllValues;
        double error = 0, size = 0;
        for (var i = 0; i < gradients.Length; i += 3)
        {
            var kept = values[i];
            values[i] = kept + 2e-3f;
            var above = Loss();
            values[i] = kept - 2e-3f;
            var difference = (above - Loss()) / 4e-3;
            values[i] = kept;
            error += (difference - gradients[i]) * (difference - gradients[i]);
            size += difference * difference;
        }

        // A few values change sides of a clamp within a step.
        Assert.True(size > 0);
        Assert.InRange(Math.Sqrt(error / size), 0, 0.02);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(2, false)]
    [InlineData(0, true)]
    public void Int8_networks_stay_near_their_integers_and_have_right_gradients(int firstLayer, bool mean)
    {
        _encoder.Dispose();
        _encoder = ConvolutionalEncoder.FromBytes(TinyTflite.CreateSigned(seed: 21, side: 16, mean: mean));
        Without_an_effect_it_stays_near_the_integers(firstLayer);
        Gradients_equal_finite_differences(firstLayer);
    }

    [Fact]
    public void A_border_and_everything_behind_it_has_right_gradients()
    {
        _encoder.Dispose();
        _encoder = ConvolutionalEncoder.FromBytes(TinyTflite.CreatePadded());
        Assert.Equal(2, _encoder.Layers.Count);
        Without_an_effect_it_stays_near_the_integers(0);
        Gradients_equal_finite_differences(0);
    }

    [Fact]
    public void An_adapter_of_another_encoder_is_refused()
    {
        using var other = ConvolutionalEncoder.FromBytes(TinyTflite.Create(seed: 22, side: 16));
        var error = Assert.Throws<AdapterMismatchException>(() => other.CreateSession(_pool, Adapter(0, zero: true)));
        Assert.Contains(_encoder.Digest, error.Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _encoder.Dispose();
        _pool.Dispose();
    }

    private LoraAdapter Adapter(int firstLayer, bool zero)
    {
        var random = new Random(4);
        var adapter = new LoraAdapter(new LoraConfig { Rank = 2, Alpha = 4 }, _encoder.BlockCount, _encoder.Digest);
        foreach (var layer in _encoder.Layers.Skip(firstLayer))
            adapter[layer.Block, layer.Target] = new LoraPair(2, layer.Inputs, layer.Outputs, 2f, Values(2 * layer.Inputs, 0.3f), Values(2 * layer.Outputs, zero ? 0f : 0.1f));
        return adapter;

        float[] Values(int count, float scale) => [.. Enumerable.Range(0, count).Select(_ => ((float)random.NextDouble() - 0.5f) * scale)];
    }
}
