using PersonaTune.Device.Scheduling;

namespace PersonaTune.Device.Personalization;

/// <summary>Leaves the trainer from inside its gate; never leaves the personalizer.</summary>
internal sealed class RunSuspendedException(PauseReason reason) : Exception($"suspended: {reason}")
{
    public PauseReason Reason { get; } = reason;
}
