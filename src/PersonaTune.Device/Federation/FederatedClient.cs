using System.Security.Cryptography;
using System.Text.Json;
using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Privacy.Signing;
using PersonaTune.Protocol.Problems;
using PersonaTune.Protocol.Rounds;
using PersonaTune.Protocol.Tasks;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Device.Federation;

/// <summary>
/// Takes part in federated rounds: checks the operator's signed task and the user's limits, asks for a seat, trains from the released adapter and hands in an encoded,
/// noised and masked report. Nothing is uploaded before the user's budget has been charged, and no secret outlives the attempt. Not for concurrent use; a device runs
/// one participation at a time.
/// </summary>
public sealed partial class FederatedClient
{
    private const string ClientVersion = "personatune/0.1";
    private readonly FederatedClientOptions _options;
    private readonly EnvelopeVerifier _operators;

    /// <summary>A client.</summary>
    public FederatedClient(FederatedClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _operators = new EnvelopeVerifier(options.OperatorKeys);
    }

    private DateTimeOffset Now => _options.Time.GetUtcNow();

    /// <summary>The tasks that a pinned operator signed.</summary>
    /// <exception cref="AggregatorException">The aggregator does not answer.</exception>
    public async Task<IReadOnlyList<OfferedTask>> ListTasksAsync(CancellationToken cancellationToken)
    {
        var tasks = new List<OfferedTask>();
        foreach (var summary in (await _options.Service.ListTasksAsync(cancellationToken).ConfigureAwait(false)).Tasks)
        {
            try
            {
                var json = _operators.Open(summary.Envelope.Span, TaskDefinition.SigningContext);
                var task = JsonSerializer.Deserialize(json.Span, ProtocolJson.Default.TaskDefinition);
                if (task is not null && task.Name == summary.Name)
                    tasks.Add(new OfferedTask(task, Convert.ToHexStringLower(SHA256.HashData(summary.Envelope.Span)), summary.State));
            }
            catch (Exception e) when (e is SigningException or JsonException)
            {
                // Not a pinned operator's, or of a newer protocol: not offered to this device.
            }
        }

        return tasks;
    }

    /// <summary>
    /// Takes part in the task's present round, or says why not. When <paramref name="cancellationToken"/> ends it, the device leaves the round and tells the aggregator.
    /// </summary>
    /// <exception cref="AggregatorException">The aggregator does not answer.</exception>
    public async Task<ParticipationOutcome> RunOnceAsync(OfferedTask offered, IFederatedTrainer trainer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(offered);
        ArgumentNullException.ThrowIfNull(trainer);
        var attempt = new Attempt(offered.Task, _options.Service.BytesSent, _options.Service.BytesReceived);
        if (await FindObstacleAsync(offered, trainer, cancellationToken).ConfigureAwait(false) is { } obstacle)
            return End(attempt, ParticipationEnd.NotOffered, obstacle);
        if (await _options.Consent(offered.Task, cancellationToken).ConfigureAwait(false) is not { } consent)
            return End(attempt, ParticipationEnd.NotOffered, "no consent receipt for federated learning is in force");
        attempt.Consent = consent;
        await ObserveAsync(ParticipationStep.CheckIn, cancellationToken).ConfigureAwait(false);
        var answer = await _options.Service.CheckInAsync(offered.Task.Name, new CheckInRequest(
            trainer.BaseModelDigest, trainer.SchemaHash, trainer.Rank, offered.Digest, consent, ClientVersion), cancellationToken).ConfigureAwait(false);
        attempt.NotBefore = Draw(answer.Retry);
        if (answer.Assignment is not { } seat) return End(attempt, ParticipationEnd.NoSeat, answer.Refusal?.Detail ?? "the aggregator gave no reason");
        attempt.Round = seat.Round;
        var (end, reason, status, code) = await TryTakePartAsync(attempt, seat, trainer, cancellationToken).ConfigureAwait(false);
        EndRecord(attempt, status, code);
        return End(attempt, end, reason);
    }

    private async Task<(ParticipationEnd End, string? Reason, ParticipationStatus Status, string? Code)> TryTakePartAsync(
        Attempt attempt, Assignment seat, IFederatedTrainer trainer, CancellationToken cancellationToken)
    {
        try
        {
            BeginRecord(attempt);
            await TakePartAsync(attempt, seat, trainer, cancellationToken).ConfigureAwait(false);
            return (ParticipationEnd.Completed, null, ParticipationStatus.Contributed, null);
        }
        catch (RefusalException e)
        {
            await LeaveAsync(seat.Cohort).ConfigureAwait(false);
            return (ParticipationEnd.Refused, e.Message, ParticipationStatus.Refused, e.Reason.ToString());
        }
        catch (AdmissionEndedException e)
        {
            await LeaveAsync(seat.Cohort).ConfigureAwait(false);
            return (ParticipationEnd.Left, e.Message, ParticipationStatus.Withdrawn, e.Code);
        }
        catch (OperationCanceledException)
        {
            await LeaveAsync(seat.Cohort).ConfigureAwait(false);
            return (ParticipationEnd.Left, "the participation was ended on the device", ParticipationStatus.Withdrawn, "ended-by-application");
        }
        catch (AggregatorException e) when (e.Type is ProblemTypes.Gone or ProblemTypes.Refused)
        {
            return (ParticipationEnd.Dropped, e.Reason ?? e.Message, ParticipationStatus.Dropped, DropCode(e));
        }
        catch (Exception e)
        {
            EndRecord(attempt, ParticipationStatus.Failed, FailureCode(e));
            throw;
        }
    }

    private async ValueTask<string?> FindObstacleAsync(OfferedTask offered, IFederatedTrainer trainer, CancellationToken cancellationToken)
    {
        var task = offered.Task;
        if (offered.State != TaskState.Open) return $"the task is {offered.State}";
        if (Now < task.NotBefore || Now > task.NotAfter) return "the task's time has not come or is over";
        if (trainer.BaseModelDigest != task.Adapter.BaseModelDigest) return $"the task is for the base model {task.Adapter.BaseModelDigest}, this device has {trainer.BaseModelDigest}";
        if (trainer.SchemaHash != task.Adapter.SchemaHash) return "the task's adapter has another layout than the one that this device derives from its terms";
        if (_options.RequirePrivacy && task.Privacy.Kind == PrivacyKind.None) return "the task promises no differential privacy";
        if (_options.RequireSecureAggregation && task.Aggregation == AggregationKind.Plain && task.Privacy.Kind != PrivacyKind.Local)
            return "the task shows the aggregator each report";
        if (task.Cohorts.MinimumCohort < _options.CohortFloor) return $"the task's cohorts have {task.Cohorts.MinimumCohort} devices at least, this device asks for {_options.CohortFloor}";
        var examples = await trainer.CountExamplesAsync(cancellationToken).ConfigureAwait(false);
        if (examples < task.Training.MinimumExamples) return $"there are {examples} examples, the task asks for {task.Training.MinimumExamples}";
        if (await _options.Admit(task, examples, cancellationToken).ConfigureAwait(false) is { } reason) return reason;
        return task.Privacy.SamplingRate < 1 && !Toss(task.Privacy.SamplingRate) ? "the device's coin said no for this round" : null;
    }

    // The device's own coin: nobody else decides who is sampled, which is what amplification rests on.
    private bool Toss(double probability)
    {
        Span<byte> bytes = stackalloc byte[8];
        if (_options.Randomness is { } source) source.Fill(bytes);
        else RandomNumberGenerator.Fill(bytes);
        return (BitConverter.ToUInt64(bytes) >> 11) * (1.0 / (1UL << 53)) < probability;
    }

    private DateTimeOffset Draw(RetryWindow window)
    {
        var (least, most) = (Math.Max(0, window.MinimumMilliseconds), Math.Max(window.MinimumMilliseconds, window.MaximumMilliseconds));
        most = Math.Min(most, (long)TimeSpan.FromDays(30).TotalMilliseconds);
        least = Math.Min(least, most);
        var drawn = least + (long)(RandomNumberGenerator.GetInt32(int.MaxValue) / (double)int.MaxValue * (most - least));
        return Now + TimeSpan.FromMilliseconds(drawn);
    }

    private async Task LeaveAsync(string cohort)
    {
        try
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5), _options.Time);
            await _options.Service.LeaveAsync(cohort, limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is AggregatorException or OperationCanceledException)
        {
            // The device has left in any case: its keys are erased, and the round's deadline tells the aggregator.
        }
    }

    private ValueTask ObserveAsync(ParticipationStep step, CancellationToken cancellationToken) =>
        _options.Observer?.Invoke(step, cancellationToken) ?? ValueTask.CompletedTask;

    private ParticipationOutcome End(Attempt attempt, ParticipationEnd end, string? reason) => new(
        end, reason, attempt.Round, attempt.Paid, attempt.NotBefore ?? Now + TimeSpan.FromMinutes(15), _options.Service.BytesSent - attempt.Sent,
        _options.Service.BytesReceived - attempt.Received);

    private sealed class Attempt(TaskDefinition task, long sent, long received)
    {
        public TaskDefinition Task => task;

        public long Sent => sent;

        public long Received => received;

        public int Round { get; set; }

        public bool Paid { get; set; }

        public DateTimeOffset? NotBefore { get; set; }

        public string Consent { get; set; } = string.Empty;

        public ParticipationRecord? Record { get; set; }
    }

    private sealed class AdmissionEndedException(string reason, string code) : Exception(reason)
    {
        public string Code => code;
    }
}
