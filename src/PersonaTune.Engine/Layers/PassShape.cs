namespace PersonaTune.Engine.Layers;

/// <summary>Sizes that a pass's buffers are made for.</summary>
/// <param name="Tokens">Most rows of a micro-batch.</param>
/// <param name="LongestSequence">Most rows of one sequence.</param>
/// <param name="CheckpointedBlocks">Adapted blocks, from the lowest, whose activations are recomputed in the backward pass.</param>
/// <param name="Training">Whether there is a backward pass.</param>
/// <param name="EightBit">Whether forward products round activations to 8 bits.</param>
internal readonly record struct PassShape(int Tokens, int LongestSequence, int CheckpointedBlocks, bool Training, bool EightBit = false);
