using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Tests.Layers;
using PersonaTune.Engine.Training;

namespace PersonaTune.Engine.Tests.Training;

public sealed class MemoryPlanTests : IDisposable
{
    private readonly WorkerPool _pool = new(2);
    private readonly DecoderModel _model = TinyModel.Create(dim: 64, blocks: 4, hidden: 256, vocabulary: 64);
    private readonly TrainingSequence[] _examples = Enumerable.Range(0, 8).Select(i => TinyModel.Sequence(i, 65, 64)).ToArray();
    private readonly TrainingOptions _options = new() { Lora = new LoraConfig { Rank = 2 }, Epochs = 1, MicroBatchTokens = 1024 };

    public void Dispose() => _pool.Dispose();

    private MemoryPlan Plan(long? bytes)
    {
        using var trainer = new LoraTrainer(_model, _options with { Memory = bytes is { } limit ? new MemoryBudget(limit) : null }, _examples, pool: _pool);
        return trainer.Plan;
    }

    [Fact]
    public void Plans_shrink_with_the_budget_and_never_exceed_it()
    {
        var free = Plan(null);
        Assert.Equal(512, free.MicroBatchTokens);
        Assert.Equal(0, free.CheckpointedBlocks);
        var previous = free;
        var sawCheckpointing = false;
        for (var budget = free.TotalBytes; ; budget -= free.TotalBytes / 40)
        {
            MemoryPlan plan;
            try
            {
                plan = Plan(budget);
            }
            catch (MemoryBudgetException e)
            {
                Assert.Equal(budget, e.BudgetBytes);
                Assert.True(e.NeededBytes > budget && e.NeededBytes <= previous.TotalBytes);
                Assert.Equal(e.NeededBytes, Plan(e.NeededBytes).TotalBytes);
                break;
            }

            Assert.True(plan.TotalBytes <= budget);
            Assert.True(plan.MicroBatchTokens >= 64);
            sawCheckpointing |= plan.CheckpointedBlocks > 0;
            previous = plan;
        }

        Assert.True(sawCheckpointing);
        Assert.True(previous.TotalBytes < free.TotalBytes / 3);
    }

    [Fact]
    public async Task A_planned_training_learns_what_a_free_one_learns()
    {
        var tight = Plan(null).TotalBytes * 2 / 5;
        using var free = new LoraTrainer(_model, _options, _examples, pool: _pool);
        using var planned = new LoraTrainer(_model, _options with { Memory = new MemoryBudget(tight) }, _examples, pool: _pool);
        var (one, other) = (await free.RunAsync(), await planned.RunAsync());
        foreach (var (a, b) in one.Losses.Zip(other.Losses)) Assert.Equal(a, b, 1e-4);
    }
}
