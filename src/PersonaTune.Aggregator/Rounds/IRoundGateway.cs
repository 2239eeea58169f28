using PersonaTune.Protocol.Releases;
using PersonaTune.Protocol.Rounds;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Aggregator.Rounds;

/// <summary>
/// What devices may do, behind the endpoints. Every action is durable when its task completes. Errors are <see cref="RequestException"/> with a problem
/// type, and <see cref="Privacy.SecureAggregation.RefusalException"/> for refused protocol messages. Thread-safe.
/// </summary>
public interface IRoundGateway
{
    /// <summary>All tasks but drafts and cancelled ones.</summary>
    Task<TaskList> ListTasksAsync(CancellationToken cancellationToken);

    /// <summary>Gives a seat, or says why not.</summary>
    Task<ActionOutcome<CheckInResponse>> CheckInAsync(AuthenticatedRequest caller, string task, CheckInRequest request, CancellationToken cancellationToken);

    /// <summary>Takes a protocol message of a secure cohort.</summary>
    Task<ActionOutcome<MessageReceipt>> SubmitAsync(AuthenticatedRequest caller, string cohort, ReadOnlyMemory<byte> message, CancellationToken cancellationToken);

    /// <summary>Takes a chunk of a plain report.</summary>
    Task<ActionOutcome<MessageReceipt>> SubmitReportAsync(
        AuthenticatedRequest caller, string cohort, int chunk, ReadOnlyMemory<byte> packed, CancellationToken cancellationToken);

    /// <summary>The server's message of the smallest type above <paramref name="after"/> for the caller; waits up to <paramref name="wait"/> for one.</summary>
    Task<NextMessage> NextAsync(AuthenticatedRequest caller, string cohort, int after, TimeSpan wait, CancellationToken cancellationToken);

    /// <summary>The chunks that are missing of the caller's report.</summary>
    Task<MissingChunks> MissingAsync(AuthenticatedRequest caller, string cohort, CancellationToken cancellationToken);

    /// <summary>How far the caller has come.</summary>
    Task<ParticipationView> GetParticipationAsync(AuthenticatedRequest caller, string cohort, CancellationToken cancellationToken);

    /// <summary>The caller leaves; what it sent before is used only if its report is complete and the protocol needs it for the others.</summary>
    Task<ActionOutcome<ParticipationView>> LeaveAsync(AuthenticatedRequest caller, string cohort, CancellationToken cancellationToken);

    /// <summary>The newest release that the caller gets (canary or live), or null.</summary>
    Task<ReleaseView?> GetLatestReleaseAsync(AuthenticatedRequest caller, string task, CancellationToken cancellationToken);

    /// <summary>One release, or null.</summary>
    Task<ReleaseView?> GetReleaseAsync(string task, int number, CancellationToken cancellationToken);

    /// <summary>The encoded vector of a release, or null.</summary>
    Task<ReadOnlyMemory<byte>?> GetVectorAsync(string task, int number, CancellationToken cancellationToken);

    /// <summary>Counts a canary verdict; a device has one a release.</summary>
    Task<ActionOutcome<MessageReceipt>> SubmitVerdictAsync(
        AuthenticatedRequest caller, string task, int number, CanaryVerdict verdict, CancellationToken cancellationToken);
}
