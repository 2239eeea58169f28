using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Tests.Kernels;
using PersonaTune.Engine.Training;

namespace PersonaTune.Engine.Tests.Layers;

/// <summary>Against tests/reference/models/llama-lora.gradients.safetensors: the same step in PyTorch with float64 arithmetic.</summary>
public sealed class ReferenceGradientTests : IDisposable
{
    private readonly WorkerPool _pool = new(2);
    private readonly DecoderModel _model = ModelLoader.Load(SharedData.Reference("models", "llama.gguf"));
    private readonly SafetensorsFile _expected = SafetensorsFile.Open(SharedData.Reference("models", "llama-lora.gradients.safetensors"));
    private readonly LoraAdapter _adapter;
    private readonly TrainingSequence _sequence = TrainingSequence.All(
        File.ReadAllText(SharedData.Reference("models", "ids.csv")).Split([',', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(int.Parse).ToArray());

    public ReferenceGradientTests() => _adapter = LoraGguf.Read(SharedData.Reference("models", "llama-lora.gguf"), _model);

    public void Dispose()
    {
        _expected.Dispose();
        _model.Dispose();
        _pool.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Loss_and_every_gradient_agree_with_float64(int checkpointed)
    {
        Assert.Equal(40, _sequence.Length);
        using var harness = new PassHarness(_model, _adapter, _pool, [_sequence], checkpointed);
        var loss = harness.LossAndGradients();
        Assert.Equal(_expected.GetDoubles("loss")[0], loss, 1e-5);
        Assert.Equal(loss, harness.Loss(), 1e-6);
        var count = 0;
        foreach (var (block, target, gradient) in harness.Parameters.GradientsAsAdapter().Pairs())
        {
            var name = "grad." + LoraShapes.TensorName(block, target);
            AssertClose(name + ".lora_a", gradient.A);
            AssertClose(name + ".lora_b", gradient.B);
            count += 2;
        }

        Assert.Equal(16, count);

        void AssertClose(string name, float[] actual)
        {
            var error = Numbers.RelativeError(actual, _expected.GetDoubles(name));
            Assert.True(error < 1e-4, $"{name}: relative error {error:E2}");
        }
    }

    [Fact]
    public void Ten_AdamW_steps_follow_the_reference()
    {
        var losses = _expected.GetDoubles("losses");
        using var harness = new PassHarness(_model, _adapter, _pool, [_sequence]);
        var parameters = harness.Parameters;
        float[] first = new float[parameters.TrainedCount], second = new float[parameters.TrainedCount];
        for (var step = 1; step <= 10; step++)
        {
            parameters.TrainedGradients.Clear();
            Assert.Equal(losses[step - 1], harness.LossAndGradients(), 1e-4);
            AdamW.Update(parameters.TrainedValues, parameters.TrainedGradients, first, second, step, 1e-3f, 0.9f, 0.999f, 1e-8f, 0.01f, 1f);
        }

        Assert.Equal(losses[10], harness.Loss(), 1e-4);
        foreach (var (block, target, pair) in parameters.ToAdapter(parameters.AllValues).Pairs())
        {
            var name = "final." + LoraShapes.TensorName(block, target);
            Assert.True(Numbers.RelativeError(pair.A, _expected.GetDoubles(name + ".lora_a")) < 1e-3, name);
            Assert.True(Numbers.RelativeError(pair.B, _expected.GetDoubles(name + ".lora_b")) < 1e-3, name);
        }
    }
}
