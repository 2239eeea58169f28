using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Tests.Kernels;
using PersonaTune.Engine.Training;

namespace PersonaTune.Engine.Tests.Layers;

/// <summary>
/// An adapter cut in two parts that add up to it: with one part frozen beneath, the other's gradients are what they are when both train, since
/// they are derivatives of the same loss at the same point.
/// </summary>
public sealed class FrozenBeneathTests : IDisposable
{
    private readonly WorkerPool _pool = new(2);

    public void Dispose() => _pool.Dispose();

    public static TheoryData<string> Cuts => new("first ranks", "last ranks", "attention", "feed-forward", "head", "all but the head", "last block", "first block", "queries of the last block");

    private static bool Trains(string cut, int block, LoraTarget target) => cut switch
    {
        "attention" => target <= LoraTarget.Output,
        "feed-forward" => target is LoraTarget.Gate or LoraTarget.Up or LoraTarget.Down,
        "head" => target == LoraTarget.Head,
        "all but the head" => target != LoraTarget.Head,
        "last block" => target != LoraTarget.Head && block == 1,
        "first block" => target != LoraTarget.Head && block == 0,
        "queries of the last block" => target == LoraTarget.Query && block == 1,
        _ => true,
    };

    // The ranks [first, first + count) of a pair that train; the others are beneath.
    private static (int First, int Count) Ranks(string cut, int rank) => cut switch
    {
        "first ranks" => (0, (rank + 1) / 2),
        "last ranks" => ((rank + 1) / 2, rank / 2),
        _ => (0, rank),
    };

    private static (LoraAdapter Trained, LoraAdapter Beneath) Cut(LoraAdapter whole, string cut)
    {
        var (trained, beneath) = (Empty(whole), Empty(whole));
        foreach (var (block, target, pair) in whole.Pairs())
        {
            if (!Trains(cut, block, target))
            {
                beneath[block, target] = pair;
                continue;
            }

            var (first, count) = Ranks(cut, pair.Rank);
            trained[block, target] = Slice(pair, first, count);
            if (count < pair.Rank) beneath[block, target] = first == 0 ? Slice(pair, count, pair.Rank - count) : Slice(pair, 0, first);
        }

        return (trained, beneath);

        static LoraAdapter Empty(LoraAdapter like) => new(like.Config, like.BlockCount, like.BaseDigest);
    }

    private static LoraPair Slice(LoraPair pair, int first, int count) => new(count, pair.Inputs, pair.Outputs, pair.Scale,
        pair.A[(first * pair.Inputs)..((first + count) * pair.Inputs)],
        [.. Enumerable.Range(0, pair.Outputs).SelectMany(n => pair.B[(n * pair.Rank + first)..(n * pair.Rank + first + count)])]);

    [Theory]
    [MemberData(nameof(Cuts))]
    public void Gradients_are_those_of_the_same_part_when_everything_trains(string cut)
    {
        var model = TinyModel.Create();
        var whole = TinyModel.Adapter(model, new LoraConfig { Rank = 5, Alpha = 2, Targets = TinyModel.AllTargets });
        TrainingSequence[] sequences = [TinyModel.Sequence(1, 13), TinyModel.Sequence(2, 2), TinyModel.Sequence(3, 60, prompt: 20)];
        using var all = new PassHarness(model, whole, _pool, sequences);
        var loss = all.LossAndGradients();
        var (expected, beneath) = (Cut(all.Parameters.GradientsAsAdapter(), cut).Trained, Cut(whole, cut).Beneath);
        Assert.NotEmpty(beneath.Pairs());
        using var part = new PassHarness(model, Cut(whole, cut).Trained, _pool, sequences, beneath: beneath);
        Assert.Equal(loss, part.LossAndGradients(), 1e-5);
        Assert.Equal(loss, part.Loss(), 1e-5);
        var gradients = part.Parameters.GradientsAsAdapter();
        Assert.Equal(expected.Pairs().Count(), gradients.Pairs().Count());
        foreach (var (block, target, gradient) in gradients.Pairs())
        {
            var (a, b) = (Numbers.RelativeError(gradient.A, expected[block, target]!.A), Numbers.RelativeError(gradient.B, expected[block, target]!.B));
            Assert.True(a < 2e-5 && b < 2e-5, $"{LoraShapes.TensorName(block, target)}: relative errors {a:E2} and {b:E2}");
        }

        using var threads = new WorkerPool(5);
        for (var checkpointed = 1; checkpointed <= 2; checkpointed++)
        {
            using var other = new PassHarness(model, Cut(whole, cut).Trained, threads, sequences, checkpointed, beneath: beneath);
            using var same = new PassHarness(model, Cut(whole, cut).Trained, _pool, sequences, beneath: beneath);
            Assert.Equal(same.LossAndGradients(), other.LossAndGradients());
            Assert.Equal(same.Parameters.TrainedGradients.ToArray(), other.Parameters.TrainedGradients.ToArray());
        }
    }

    [Theory]
    [InlineData("first ranks")]
    [InlineData("last ranks")]
    [InlineData("last block")]
    public void Half_of_the_reference_adapter_has_the_gradients_of_float64(string cut)
    {
        using var model = ModelLoader.Load(SharedData.Reference("models", "llama.gguf"));
        using var file = SafetensorsFile.Open(SharedData.Reference("models", "llama-lora.gradients.safetensors"));
        var whole = LoraGguf.Read(SharedData.Reference("models", "llama-lora.gguf"), model);
        var ids = File.ReadAllText(SharedData.Reference("models", "ids.csv")).Split([',', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var (trained, beneath) = Cut(whole, cut);
        var result = AdapterGradients.Compute(model, trained, TrainingSequence.All(ids.Select(int.Parse).ToArray()), _pool, [(beneath, 1f)]);
        Assert.Equal(file.GetDoubles("loss")[0], result.Loss, 1e-5);
        var count = 0;
        foreach (var (block, target, gradient) in result.Gradients.Pairs())
        {
            var name = "grad." + LoraShapes.TensorName(block, target);
            var pair = whole[block, target]!;
            var expected = Slice(new LoraPair(pair.Rank, pair.Inputs, pair.Outputs, pair.Scale, [.. file.GetDoubles(name + ".lora_a").Select(v => (float)v)],
                [.. file.GetDoubles(name + ".lora_b").Select(v => (float)v)]), Ranks(cut, pair.Rank).First, gradient.Rank);
            var (a, b) = (Numbers.RelativeError(gradient.A, expected.A), Numbers.RelativeError(gradient.B, expected.B));
            Assert.True(a < 1e-4 && b < 1e-4, $"{name}: relative errors {a:E2} and {b:E2}");
            count++;
        }

        Assert.Equal(cut == "last block" ? 4 : 8, count);
    }

    [Fact]
    public void A_pass_above_a_frozen_adapter_allocates_nothing()
    {
        var model = TinyModel.Create();
        var (trained, beneath) = Cut(TinyModel.Adapter(model, new LoraConfig { Rank = 4, Targets = TinyModel.AllTargets }), "first ranks");
        using var harness = new PassHarness(model, trained, _pool, [TinyModel.Sequence(1, 50), TinyModel.Sequence(2, 20)], checkpointed: 1, beneath: beneath);
        for (var i = 0; i < 3; i++) harness.LossAndGradients();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 5; i++) harness.LossAndGradients();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
