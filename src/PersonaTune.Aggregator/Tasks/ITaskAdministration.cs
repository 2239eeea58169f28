using PersonaTune.Protocol.Operations;

namespace PersonaTune.Aggregator.Tasks;

/// <summary>What operators may do and see. Thread-safe.</summary>
public interface ITaskAdministration
{
    /// <summary>Accepts a signed task; it is open from its first moment on. The same envelope a second time changes nothing.</summary>
    /// <exception cref="TaskInvalidException">The definition cannot be run, or another task has the name.</exception>
    /// <exception cref="Privacy.Signing.SigningException">The envelope is not the operator's.</exception>
    Task<TaskView> CreateAsync(ReadOnlyMemory<byte> envelope, CancellationToken cancellationToken);

    /// <summary>Opens, pauses or cancels a task, or restores an older release.</summary>
    /// <exception cref="Rounds.RequestException">There is no such task, or its state does not allow it.</exception>
    Task<TaskView> ChangeAsync(string task, TaskChange change, CancellationToken cancellationToken);

    /// <summary>All tasks, with small counts withheld.</summary>
    Task<DashboardView> GetDashboardAsync(CancellationToken cancellationToken);

    /// <summary>The event log after an id, oldest first, at most <paramref name="limit"/> lines; with a negative id the newest ones.</summary>
    Task<IReadOnlyList<EventView>> ReadEventsAsync(long after, int limit, CancellationToken cancellationToken);

    /// <summary>Completes at the next change that the dashboard or the event log shows. Take it before reading.</summary>
    Task NextChange();
}
