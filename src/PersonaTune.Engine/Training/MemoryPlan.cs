namespace PersonaTune.Engine.Training;

/// <summary>What training will allocate: computed before anything is, and never exceeded.</summary>
/// <param name="MicroBatchTokens">Most tokens computed at once.</param>
/// <param name="CheckpointedBlocks">Blocks whose activations are recomputed rather than kept.</param>
/// <param name="ActivationBytes">Activations and scratch.</param>
/// <param name="StateBytes">Adapter, gradients, optimizer moments and the best adapter so far.</param>
public sealed record MemoryPlan(int MicroBatchTokens, int CheckpointedBlocks, long ActivationBytes, long StateBytes)
{
    /// <summary>All bytes of the plan.</summary>
    public long TotalBytes => ActivationBytes + StateBytes;
}
