namespace PersonaTune.Engine.Training;

/// <summary>Decides between micro-batches whether training goes on now.</summary>
public interface ITrainingGate
{
    /// <summary>
    /// Called before every micro-batch, of evaluations too; training waits until the task ends. The gate may call
    /// <see cref="LoraTrainer.SaveCheckpoint"/> here, for example when it pauses.
    /// </summary>
    ValueTask WaitAsync(LoraTrainer trainer, CancellationToken cancellationToken);
}
