using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Device.Federation;

/// <summary>
/// Takes part in every task that the application has a trainer for, again and again: one participation at a time, never before the moment that the aggregator's retry window drew (pace steering), and
/// hands each newer release to the application. Run it once, for as long as the application lives.
/// </summary>
/// <remarks>
/// A task that is refused, or for which the aggregator does not answer, is left alone for the idle pause and keeps no other task from its turn. What the application's own trainer or installer throws ends the
/// work.
/// </remarks>
/// <param name="client">Gives the client, before each look at the tasks: see <see cref="FederatedClientSource.GetAsync"/>, which renews the device's certificate in time.</param>
/// <param name="trainer">The trainer of a task, or null to leave the task alone.</param>
/// <param name="install">Takes a verified release that is newer than the last one it took, for example <c>Personalizer.UseGlobalAsync</c>; null to ignore releases.</param>
/// <param name="time">The clock.</param>
/// <param name="idle">The pause after a failure and between looks where no task is offered. Default 15 minutes.</param>
public sealed class FederatedWorker(
    Func<CancellationToken, Task<FederatedClient>> client, Func<OfferedTask, IFederatedTrainer?> trainer, Func<OfferedTask, GlobalRelease, CancellationToken, Task>? install, TimeProvider time,
    TimeSpan? idle = null)
{
    private readonly TimeSpan _idle = idle ?? TimeSpan.FromMinutes(15);
    private readonly Dictionary<string, DateTimeOffset> _notBefore = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTimeOffset> _restsUntil = new(StringComparer.Ordinal); // after a failure
    private readonly Dictionary<string, int> _installed = new(StringComparer.Ordinal);

    /// <summary>A worker with one client, for as long as that client's certificate is valid.</summary>
    public FederatedWorker(
        FederatedClient client, Func<OfferedTask, IFederatedTrainer?> trainer, Func<OfferedTask, GlobalRelease, CancellationToken, Task>? install, TimeProvider time, TimeSpan? idle = null)
        : this(_ => Task.FromResult(client), trainer, install, time, idle)
    {
    }

    // However soon an aggregator asks the device to come again, it does not come more often than this.
    private TimeSpan ShortestPause => _idle < TimeSpan.FromSeconds(1) ? _idle : TimeSpan.FromSeconds(1);

    /// <summary>Works until <paramref name="cancellationToken"/> ends it.</summary>
    /// <param name="progress">Told of each attempt to take part, and of nothing that was said to whom.</param>
    /// <param name="cancellationToken">Ends the work; a participation that goes on is left properly.</param>
    public async Task RunAsync(IProgress<ParticipationOutcome>? progress, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var pause = await LookAsync(progress, cancellationToken).ConfigureAwait(false);
                await Task.Delay(pause, time, cancellationToken).ConfigureAwait(false);
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

    private async Task<TimeSpan> LookAsync(IProgress<ParticipationOutcome>? progress, CancellationToken cancellationToken)
    {
        var present = await client(cancellationToken).ConfigureAwait(false);
        var next = time.GetUtcNow() + _idle;
        foreach (var task in await present.ListTasksAsync(cancellationToken).ConfigureAwait(false))
        {
            if (time.GetUtcNow() < _restsUntil.GetValueOrDefault(task.Task.Name)) continue;
            try
            {
                if (await WorkAsync(present, task, progress, cancellationToken).ConfigureAwait(false) is { } due && due < next) next = due;
            }
            catch (Exception e) when (e is AggregatorException or RefusalException)
            {
                _restsUntil[task.Task.Name] = time.GetUtcNow() + _idle;
            }
        }

        var pause = next - time.GetUtcNow();
        return pause > ShortestPause ? pause : ShortestPause;
    }

    // When the task's turn comes again; null if nothing is to be done for it.
    private async Task<DateTimeOffset?> WorkAsync(FederatedClient present, OfferedTask task, IProgress<ParticipationOutcome>? progress, CancellationToken cancellationToken)
    {
        var name = task.Task.Name;
        if (install is not null && await present.FetchReleaseAsync(task, _installed.GetValueOrDefault(name), cancellationToken).ConfigureAwait(false) is { } release)
        {
            await install(task, release, cancellationToken).ConfigureAwait(false);
            _installed[name] = release.Manifest.Number;
        }

        if (task.State != TaskState.Open) return null;
        if (_notBefore.TryGetValue(name, out var moment) && time.GetUtcNow() < moment) return moment;
        if (trainer(task) is not { } own) return null;
        var outcome = await present.RunOnceAsync(task, own, cancellationToken).ConfigureAwait(false);
        _notBefore[name] = outcome.NotBefore;
        progress?.Report(outcome);
        return outcome.NotBefore;
    }
}
