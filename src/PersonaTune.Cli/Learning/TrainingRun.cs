using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Device.Personalization;

namespace PersonaTune.Cli.Learning;

/// <summary>Runs a training with its display, and turns an interruption into the advice how to resume.</summary>
internal static class TrainingRun
{
    public static async Task<(TrainingOutcome Outcome, TimeSpan Elapsed)> RunAsync(
        Invocation invocation, Func<IProgress<PersonalizationProgress>?, Task<TrainingOutcome>> train)
    {
        var start = invocation.Console.Time.GetTimestamp();
        try
        {
            var outcome = await TrainingDisplay.RunAsync(invocation, train);
            return (outcome, invocation.Console.Time.GetElapsedTime(start));
        }
        catch (OperationCanceledException exception) when (invocation.Cancellation.IsCancellationRequested)
        {
            throw new ToolException(ExitCode.Interrupted,
                $"interrupted; the checkpoint is saved in the store: go on with 'personatune train --resume --user {invocation.User}' and the same --store and --model", exception);
        }
    }
}
