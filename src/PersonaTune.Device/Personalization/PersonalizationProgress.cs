using PersonaTune.Device.Scheduling;
using PersonaTune.Engine.Training;

namespace PersonaTune.Device.Personalization;

/// <summary>How far a run is.</summary>
/// <param name="Phase">What it is doing.</param>
/// <param name="Training">The last optimizer step, while training.</param>
/// <param name="Pause">Why it waits, while paused.</param>
public sealed record PersonalizationProgress(PersonalizationPhase Phase, TrainingProgress? Training = null, PauseReason Pause = PauseReason.None);
