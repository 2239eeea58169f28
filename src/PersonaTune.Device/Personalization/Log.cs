using Microsoft.Extensions.Logging;
using PersonaTune.Device.Scheduling;

namespace PersonaTune.Device.Personalization;

/// <summary>What is logged; never a person's text.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "An interrupted run for adapter {AdapterId} no longer fits its examples, options or model and was discarded")]
    public static partial void RunDiscarded(ILogger logger, string adapterId);

    [LoggerMessage(2, LogLevel.Information, "Training of adapter {AdapterId} is suspended: {Reason}")]
    public static partial void RunSuspended(ILogger logger, string adapterId, PauseReason reason);

    [LoggerMessage(3, LogLevel.Information, "Adapter {AdapterId} promoted: {Promoted}; {Reason}")]
    public static partial void GateDecided(ILogger logger, string adapterId, bool promoted, string reason);

    [LoggerMessage(4, LogLevel.Warning, "The checkpoint of adapter {AdapterId} cannot be continued and the run starts over: {Problem}")]
    public static partial void CheckpointOutdated(ILogger logger, string adapterId, string problem);

    [LoggerMessage(5, LogLevel.Warning, "Adapter {AdapterId} was rolled back: {Reason}")]
    public static partial void RolledBack(ILogger logger, string adapterId, string reason);

    [LoggerMessage(6, LogLevel.Error, "Adapters could not be invalidated after a deletion; the next start tries again")]
    public static partial void InvalidationFailed(ILogger logger, Exception exception);
}
