using PersonaTune.Device.Keyboard;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;

namespace PersonaTune.Device.Tests.Keyboard;

public sealed class ModelPredictorTests(KeyboardBase keyboard) : IClassFixture<KeyboardBase>, IDisposable
{
    private readonly WorkerPool _pool = new(1);

    public void Dispose() => _pool.Dispose();

    [Theory]
    [InlineData(ActivationPrecision.Exact, 1e-5)]
    // On the fast path a sum that differs in its last bit can round an activation to the next of 255 steps.
    [InlineData(ActivationPrecision.Fast, 0.05)]
    public void PreparedPathsEqualThoseComputedAlone(ActivationPrecision activations, double tolerance)
    {
        var options = ModelPredictor.Branching with { Activations = activations };
        var stack = AdapterStack.Of(Adapters.Random(keyboard.Model, seed: 3), 0.2f);
        using var sessions = new Pair(new DecoderSession(keyboard.Model, _pool, options, stack), new DecoderSession(keyboard.Model, _pool, options, stack));
        using var together = new ModelPredictor(sessions.First, _pool);
        using var alone = new ModelPredictor(sessions.Second, _pool);
        var tokenizer = keyboard.Model.Tokenizer!;
        foreach (var text in (string[])["", "see you", "see you at the", "see", "another message that begins otherwise and is rather long"])
        {
            int[] context = [tokenizer.BosId!.Value, .. tokenizer.Encode(text)];
            int[][] paths = [[400], [401, 402], [403], [400, 500, 600], [700]];
            together.Start(context);
            alone.Start(context);
            together.Prepare(paths);
            foreach (var path in (int[][])[[], .. paths, [400, 7]])
            {
                var expected = alone.Predict(path);
                var actual = together.Predict(path);
                double error = 0, norm = 0;
                for (var token = 0; token < expected.Length; token++)
                {
                    error += Math.Pow(actual[token] - expected[token], 2);
                    norm += Math.Pow(expected[token], 2);
                }
                Assert.InRange(Math.Sqrt(error / norm), 0, tolerance);
            }
        }
    }

    private sealed record Pair(DecoderSession First, DecoderSession Second) : IDisposable
    {
        public void Dispose()
        {
            First.Dispose();
            Second.Dispose();
        }
    }
}
