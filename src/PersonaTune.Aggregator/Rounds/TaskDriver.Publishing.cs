using System.Security.Cryptography;
using System.Text.Json;
using PersonaTune.Aggregator.Aggregation;
using PersonaTune.Aggregator.Persistence;
using PersonaTune.Privacy.Accounting;
using PersonaTune.Privacy.Budget;
using PersonaTune.Privacy.Signing;
using PersonaTune.Protocol.Releases;
using PersonaTune.Protocol.Rounds;
using PersonaTune.Protocol.Tasks;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Aggregator.Rounds;

internal sealed partial class TaskDriver
{
    private const string Purpose = "federated rounds";

    private async Task ValidateAsync(RoundRow round, CancellationToken cancellationToken)
    {
        var definition = _definition!;
        var candidate = await context.Database.ReadAsync(transaction => transaction.FirstOrDefaultAsync<CandidateRow>(
            "SELECT candidate, optimizer FROM round WHERE id = @Id", new { round.Id }), cancellationToken);
        var vector = VectorEncoding.Decode(candidate!.Candidate, definition.Adapter.Dimension);
        var evaluation = await context.Evaluator.EvaluateAsync(definition, vector, cancellationToken);
        if (evaluation is not null && definition.Server.EvaluationGate >= 0)
        {
            var (_, state) = await context.Database.ReadAsync(transaction => CurrentAsync(transaction, definition), cancellationToken);
            var before = (await context.Evaluator.EvaluateAsync(definition, state.Vector, cancellationToken))!;
            if (!(evaluation.Loss <= before.Loss * (1 + definition.Server.EvaluationGate)))
            {
                await AbandonAsync(round, FormattableString.Invariant($"evaluation gate: loss {evaluation.Loss:G5} on the public set, {before.Loss:G5} before"), cancellationToken);
                return;
            }
        }

        await PublishAsync(round, candidate, evaluation, cancellationToken);
    }

    // Release, signature, cost and the end of the round's inputs: one transaction.
    private async Task PublishAsync(RoundRow round, CandidateRow candidate, Evaluation? evaluation, CancellationToken cancellationToken)
    {
        var definition = _definition!;
        using var signer = context.Keys.OperatorSigner();
        await RunAsync("publish", async transaction =>
        {
            var now = await transaction.NowAsync();
            var epsilon = await SpendAsync(transaction, definition, round);
            var number = 1 + await transaction.ScalarAsync<int>("SELECT COALESCE(MAX(number), 0) FROM adapter_release WHERE task = @name", new { name });
            await ReleaseAsync(transaction, definition, signer, new NewRelease(
                number, round.Id, round.BaseRelease, round.Number, null, candidate.Candidate, candidate.Optimizer, round.Contributors, epsilon, evaluation), now);
            await EndRoundAsync(transaction, round, now);
            await transaction.ExecuteAsync(
                "UPDATE round SET release_number = @number, loss = @loss, accuracy = @accuracy WHERE id = @Id", new { number, loss = evaluation?.Loss, accuracy = evaluation?.Accuracy, round.Id });
            await History.MoveRoundAsync(transaction, round, RoundState.Published.Name(), null, Node);
        }, cancellationToken);
    }

    /// <summary>Releases an older release's content again under a new number.</summary>
    public static async Task RollBackAsync(DatabaseTransaction transaction, TaskDefinition task, IEnvelopeSigner signer, int restore, string why, string node)
    {
        var older = await transaction.FirstOrDefaultAsync<OlderRow>(
            "SELECT round_id, vector, optimizer, loss, accuracy, epsilon FROM adapter_release WHERE task = @Name AND number = @restore", new { task.Name, restore })
            ?? throw new InvalidOperationException($"task '{task.Name}' has no release {restore}; name one that exists");
        var newest = await transaction.FirstOrDefaultAsync<NewestRow>(
            "SELECT number, epsilon FROM adapter_release WHERE task = @Name ORDER BY number DESC LIMIT 1", new { task.Name });
        await transaction.ExecuteAsync("UPDATE adapter_release SET state = 'rolled-back' WHERE task = @Name AND number > @restore AND state IN ('canary', 'live')", new { task.Name, restore });
        var evaluation = older.Loss is { } loss ? new Evaluation(loss, older.Accuracy) : null;
        await ReleaseAsync(transaction, task, signer, new NewRelease(
            newest!.Number + 1, older.RoundId, newest.Number, 0, restore, older.Vector, older.Optimizer, 0, newest.Epsilon, evaluation), await transaction.NowAsync(), canary: false);
        await History.LogAsync(transaction, task.Name, "roll-back", $"Release {newest.Number + 1} restores release {restore}: {why}");
        await History.RecordAsync(transaction, "release", $"{task.Name}/{newest.Number + 1}", null, ReleaseState.Live.Name(), why, node);
    }

    private static async Task ReleaseAsync(DatabaseTransaction transaction, TaskDefinition task, IEnvelopeSigner signer, NewRelease release, long now, bool canary = true)
    {
        var manifest = new ReleaseManifest(
            task.Name, release.Number, release.Parent, release.Round, release.RestoredFrom, task.Adapter.BaseModelDigest, task.Adapter.SchemaHash, task.Adapter.Dimension,
            Convert.ToHexStringLower(SHA256.HashData(release.Vector)), release.Contributors / 10 * 10,
            new PrivacyStatement(release.Epsilon, task.Privacy.Delta, "add-or-remove-one"), DateTimeOffset.FromUnixTimeMilliseconds(now));
        var envelope = SignedEnvelope.Create(signer, ReleaseManifest.SigningContext, JsonSerializer.SerializeToUtf8Bytes(manifest, ProtocolJson.Default.ReleaseManifest)).Encode();
        var first = release.Number == 1;
        var tested = canary && !first && task.Server.CanaryFraction > 0;
        if (!tested) await transaction.ExecuteAsync("UPDATE adapter_release SET state = 'superseded' WHERE task = @Name AND state IN ('live', 'canary')", new { task.Name });
        await transaction.ExecuteAsync("""
            INSERT INTO adapter_release (task, number, round_id, envelope, vector, optimizer, state, loss, accuracy, epsilon, created_at, canary_until)
            VALUES (@Name, @Number, @RoundId, @envelope, @Vector, @Optimizer, @state, @loss, @accuracy, @Epsilon, @now, @until)
            """, new
        {
            task.Name,
            release.Number,
            release.RoundId,
            envelope,
            release.Vector,
            release.Optimizer,
            state = (tested ? ReleaseState.Canary : ReleaseState.Live).Name(),
            loss = release.Evaluation?.Loss,
            accuracy = release.Evaluation?.Accuracy,
            release.Epsilon,
            now,
            until = tested ? now + (long)(task.Server.CanarySeconds * 1000) : (long?)null,
        });
        await History.LogAsync(transaction, task.Name, "release", $"Release {release.Number} {(tested ? "goes to the canaries" : "is live")}");
    }

    private async Task<double?> SpendAsync(DatabaseTransaction transaction, TaskDefinition definition, RoundRow round)
    {
        if (TaskPrivacy.Event(definition) is not { } cost) return null;
        using var ledger = await LedgerAsync(transaction, definition);
        return (await ledger.SpendAsync(new SpendRequest(Purpose, round.Id, cost))).EpsilonTotal;
    }

    private async Task<bool> AffordsAsync(DatabaseTransaction transaction, PrivacyEvent cost)
    {
        using var ledger = await LedgerAsync(transaction, _definition!);
        return await ledger.CountAffordableAsync(Purpose, cost, 1) == 1;
    }

    private Task<PrivacyLedger> LedgerAsync(DatabaseTransaction transaction, TaskDefinition definition) => PrivacyLedger.OpenAsync(
        new DatabaseLedgerStore(transaction, name), TaskPrivacy.Policy(definition), new PrivacyLedgerOptions { Accountant = TaskPrivacy.Accountant, Time = context.Time });

    private async Task AbandonAsync(RoundRow round, string reason, CancellationToken cancellationToken)
    {
        var definition = _definition!;
        await RunAsync("abandon-round", async transaction =>
        {
            var now = await transaction.NowAsync();
            await transaction.ExecuteAsync("UPDATE round SET bytes_received = @bytes WHERE id = @Id", new { bytes = await InputTables.BytesAsync(transaction, round.Id), round.Id });
            foreach (var cohort in await transaction.QueryAsync<CohortRow>(
                $"SELECT {CohortRow.Columns} FROM cohort WHERE round_id = @Id AND state <> 'abandoned'{transaction.Dialect.ForUpdate}", new { round.Id }))
                await History.MoveCohortAsync(transaction, cohort, RoundState.Abandoned.Name(), cohort.Deadline, reason, Node);
            await EndRoundAsync(transaction, round, now);
            await History.MoveRoundAsync(transaction, round, RoundState.Abandoned.Name(), reason, Node);
            if (round.Attempt < definition.Cohorts.MaximumAttempts) return;
            var task = (await transaction.FirstOrDefaultAsync<TaskRow>("SELECT name, state, version, sequence FROM task WHERE name = @name", new { name }))!;
            if (task.State == TaskState.Open.Name())
                await History.MoveTaskAsync(transaction, task, TaskState.Paused.Name(), $"round {round.Number} failed {round.Attempt} times; the last time: {reason}", Node);
        }, cancellationToken);
    }

    private static async Task EndRoundAsync(DatabaseTransaction transaction, RoundRow round, long now)
    {
        await transaction.ExecuteAsync("UPDATE round SET candidate = NULL, optimizer = NULL, ended_at = @now WHERE id = @Id", new { now, round.Id });
        await transaction.ExecuteAsync("UPDATE cohort SET sum = NULL WHERE round_id = @Id", new { round.Id });
        await transaction.ExecuteAsync("DELETE FROM stage_closing WHERE cohort IN (SELECT id FROM cohort WHERE round_id = @Id)", new { round.Id });
        foreach (var cohort in await transaction.QueryAsync<string>("SELECT id FROM cohort WHERE round_id = @Id", new { round.Id }))
            transaction.Notify(CohortInfo.ChannelOf(cohort));
        await InputTables.DropAsync(transaction, round.Id);
    }

    private Task<bool> HasCanaryAsync(CancellationToken cancellationToken) => context.Database.ReadAsync(async transaction =>
        await transaction.FirstOrDefaultAsync<int?>("SELECT number FROM adapter_release WHERE task = @name AND state = 'canary' LIMIT 1", new { name }) is not null, cancellationToken);

    // A canary goes live at the end of its time, or is rolled back as soon as enough of its devices say that it is worse.
    private async Task JudgeCanariesAsync(CancellationToken cancellationToken)
    {
        if (_definition!.Server.CanaryFraction <= 0) return;
        var canaries = await context.Database.ReadAsync(transaction => transaction.QueryAsync<CanaryRow>("""
            SELECT r.number, r.canary_until, (SELECT COUNT(*) FROM verdict v WHERE v.task = r.task AND v.number = r.number) AS verdicts,
                (SELECT COALESCE(SUM(v.worse), 0) FROM verdict v WHERE v.task = r.task AND v.number = r.number) AS worse
            FROM adapter_release r WHERE r.task = @name AND r.state = 'canary' ORDER BY r.number
            """, new { name }), cancellationToken);
        foreach (var canary in canaries)
        {
            var judged = canary.Verdicts >= _definition.Server.CanaryMinimumReports;
            var bad = judged && TrueRate(canary.Worse, canary.Verdicts) > _definition.Server.CanaryMaximumWorse;
            if (bad)
            {
                await RunAsync("canary-roll-back", async transaction =>
                {
                    if (await transaction.ExecuteAsync("UPDATE adapter_release SET state = 'rolled-back' WHERE task = @name AND number = @Number AND state = 'canary'", new { name, canary.Number }) == 1)
                        await History.LogAsync(transaction, name, "roll-back", $"Release {canary.Number} was withdrawn: its canaries say that it is worse");
                }, cancellationToken);
                continue;
            }

            if (context.Time.GetUtcNow().ToUnixTimeMilliseconds() < canary.CanaryUntil) continue;
            await RunAsync("canary-live", async transaction =>
            {
                await transaction.ExecuteAsync("UPDATE adapter_release SET state = 'superseded' WHERE task = @name AND state = 'live' AND number < @Number", new { name, canary.Number });
                if (await transaction.ExecuteAsync("UPDATE adapter_release SET state = 'live' WHERE task = @name AND number = @Number AND state = 'canary'", new { name, canary.Number }) == 1)
                    await History.LogAsync(transaction, name, "release", $"Release {canary.Number} is live");
            }, cancellationToken);
        }
    }

    // Each verdict is flipped with probability f = 1 / (1 + e): the observed rate is w (1 - f) + (1 - w) f.
    private static double TrueRate(long worse, long verdicts)
    {
        var flip = 1 / (1 + Math.E);
        return Math.Clamp(((double)worse / verdicts - flip) / (1 - (2 * flip)), 0, 1);
    }

    private sealed record NewRelease(
        int Number, string RoundId, int Parent, int Round, int? RestoredFrom, byte[] Vector, byte[] Optimizer, int Contributors, double? Epsilon, Evaluation? Evaluation);

    private sealed class CandidateRow
    {
        public byte[] Candidate { get; set; } = [];

        public byte[] Optimizer { get; set; } = [];
    }

    private sealed class OlderRow
    {
        public string RoundId { get; set; } = string.Empty;

        public byte[] Vector { get; set; } = [];

        public byte[] Optimizer { get; set; } = [];

        public double? Loss { get; set; }

        public double? Accuracy { get; set; }

        public double? Epsilon { get; set; }
    }

    private sealed class NewestRow
    {
        public int Number { get; set; }

        public double? Epsilon { get; set; }
    }

    private sealed class CanaryRow
    {
        public int Number { get; set; }

        public long CanaryUntil { get; set; }

        public long Verdicts { get; set; }

        public long Worse { get; set; }
    }
}
