namespace PersonaTune.Device.Federation;

/// <summary>
/// Takes part in every task that the application has a trainer for, again and again: one participation at a time, never before the moment that the aggregator's retry window drew (pace steering), and
/// hands each newer release to the application. Run it once, for as long as the application lives.
/// </summary>
/// <param name="client">The client.</param>
/// <param name="trainer">The trainer of a task, or null to leave the task alone.</param>
/// <param name="install">Takes a verified release that is newer than the last one it took, for example <c>Personalizer.UseGlobalAsync</c>; null to ignore releases.</param>
/// <param name="time">The clock.</param>
/// <param name="idle">The pause after a lost connection and between looks where no task is offered. Default 15 minutes.</param>
public sealed class FederatedWorker(
    FederatedClient client, Func<OfferedTask, IFederatedTrainer?> trainer, Func<OfferedTask, GlobalRelease, CancellationToken, Task>? install, TimeProvider time, TimeSpan? idle = null)
{
    private readonly TimeSpan _idle = idle ?? TimeSpan.FromMinutes(15);
    private readonly Dictionary<string, DateTimeOffset> _notBefore = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _installed = new(StringComparer.Ordinal);

    /// <summary>Works until <paramref name="cancellationToken"/> ends it.</summary>
    /// <param name="progress">Told of each attempt to take part, and of nothing that was said to whom.</param>
    /// <param name="cancellationToken">Ends the work; a participation that goes on is left properly.</param>
    public async Task RunAsync(IProgress<ParticipationOutcome>? progress, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var tasks = await client.ListTasksAsync(cancellationToken).ConfigureAwait(false);
                foreach (var task in tasks) await WorkAsync(task, progress, cancellationToken).ConfigureAwait(false);
                await Task.Delay(Pause(tasks), time, cancellationToken).ConfigureAwait(false);
            }
            catch (AggregatorException)
            {
                // It does not answer, or refuses: later.
                await Task.Delay(_idle, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task WorkAsync(OfferedTask task, IProgress<ParticipationOutcome>? progress, CancellationToken cancellationToken)
    {
        if (install is not null && await client.FetchReleaseAsync(task, _installed.GetValueOrDefault(task.Task.Name), cancellationToken).ConfigureAwait(false) is { } release)
        {
            await install(task, release, cancellationToken).ConfigureAwait(false);
            _installed[task.Task.Name] = release.Manifest.Number;
        }

        if (task.State != Protocol.Tasks.TaskState.Open || time.GetUtcNow() < _notBefore.GetValueOrDefault(task.Task.Name) || trainer(task) is not { } own) return;
        var outcome = await client.RunOnceAsync(task, own, cancellationToken).ConfigureAwait(false);
        _notBefore[task.Task.Name] = outcome.NotBefore;
        progress?.Report(outcome);
    }

    private TimeSpan Pause(IReadOnlyList<OfferedTask> tasks)
    {
        var now = time.GetUtcNow();
        var pause = _idle;
        foreach (var task in tasks)
            if (_notBefore.TryGetValue(task.Task.Name, out var moment) && moment - now < pause) pause = moment - now;
        return pause > TimeSpan.Zero ? pause : TimeSpan.FromMilliseconds(1);
    }
}
