using PersonaTune.Device.Scheduling;
using PersonaTune.Engine.Training;

namespace PersonaTune.Device.Personalization;

/// <summary>
/// Between two micro-batches: saves the checkpoint when it is due, and pauses (saving first) while the scheduler holds training back.
/// </summary>
internal sealed class CheckpointGate(
    TrainingScheduler scheduler, TimeProvider time, Func<ReadOnlyMemory<byte>, CancellationToken, Task> save,
    IProgress<PersonalizationProgress>? progress) : ITrainingGate
{
    private long _savedAt = time.GetTimestamp();
    private int? _savedStep;

    public async ValueTask WaitAsync(LoraTrainer trainer, CancellationToken cancellationToken)
    {
        var reason = scheduler.Check();
        if (reason == PauseReason.None)
        {
            _savedStep ??= trainer.Step;
            var options = scheduler.Options;
            var stepsDue = options.CheckpointSteps > 0 && trainer.Step - _savedStep >= options.CheckpointSteps;
            if (stepsDue || time.GetElapsedTime(_savedAt) >= options.CheckpointInterval) await SaveAsync(trainer, cancellationToken);
            return;
        }
        await SaveAsync(trainer, cancellationToken);
        progress?.Report(new PersonalizationProgress(PersonalizationPhase.Paused, Pause: reason));
        var left = await scheduler.WaitAsync(cancellationToken);
        if (left != PauseReason.None) throw new RunSuspendedException(left);
    }

    public async Task SaveAsync(LoraTrainer trainer, CancellationToken cancellationToken)
    {
        await save(trainer.SaveCheckpoint(), cancellationToken);
        _savedAt = time.GetTimestamp();
        _savedStep = trainer.Step;
    }
}
