using PersonaTune.Engine.Training;

namespace PersonaTune.Engine.Tests.Training;

/// <summary>Does something before every micro-batch and never waits.</summary>
internal sealed class Gate(Action<LoraTrainer> action) : ITrainingGate
{
    public ValueTask WaitAsync(LoraTrainer trainer, CancellationToken cancellationToken)
    {
        action(trainer);
        return ValueTask.CompletedTask;
    }
}
