using PersonaTune.Engine.Training;

namespace PersonaTune.Device.Personalization;

/// <summary>A run of tokens of which those from <paramref name="FirstTarget"/> on are predicted; the ones before are context.</summary>
/// <param name="Ids">Token ids; do not change them.</param>
/// <param name="FirstTarget">Index of the first predicted token, at least 1.</param>
public sealed record MessagePiece(int[] Ids, int FirstTarget)
{
    /// <summary>The piece as the trainer takes it.</summary>
    public TrainingSequence ToSequence() => TrainingSequence.Completion(Ids, FirstTarget);
}
