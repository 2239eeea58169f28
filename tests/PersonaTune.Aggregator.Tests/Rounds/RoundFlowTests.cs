using System.Security.Cryptography;
using PersonaTune.Aggregator.Persistence;
using PersonaTune.Aggregator.Rounds;
using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Protocol.Operations;
using PersonaTune.Protocol.Problems;
using PersonaTune.Protocol.Releases;
using PersonaTune.Protocol.Rounds;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Aggregator.Tests.Rounds;

/// <summary>What can happen to a round besides going well, on both databases.</summary>
public sealed class RoundFlowTests : IDisposable
{
    private readonly TestKeys _keys = new();

    public static TheoryData<DatabaseKind> Kinds => TestDatabase.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Two_cohorts_make_one_release_and_a_lost_device_only_its_own_report(DatabaseKind kind)
    {
        await using var database = TestDatabase.Create(kind);
        await using var node = await TestNode.StartAsync(database, _keys);
        var task = Quick(TestTasks.Secure(16, cohortSize: 8, minimum: 6, rounds: 1), seconds: 2);
        await node.Administration.CreateAsync(_keys.Sign(task), CancellationToken.None);
        var devices = await SecureRoundTests.DevicesAsync(node, task, 16, _keys);
        var seats = new List<Assignment>();
        foreach (var device in devices) seats.Add(await SecureRoundTests.SeatAsync(node, device));
        Assert.Equal([8, 8], seats.GroupBy(seat => seat.Cohort).Select(group => group.Count()));
        // Device 0 vanishes before it uploads (Boxes is message 7), after it shared its secrets.
        var outcomes = await Task.WhenAll(devices.Zip(seats).Select((pair, i) => Task.Run(() => pair.First.TakePartAsync(() => node.Gateway, pair.Second, i == 0 ? 7 : int.MaxValue))));
        Assert.Equal(["stopped"], outcomes.Where(outcome => outcome is not null));
        Assert.Equal(SecureRoundTests.Expected(task, devices[1..]), await SecureRoundTests.WaitForReleaseAsync(node, task, 1));
        var round = (await node.Administration.GetDashboardAsync(CancellationToken.None)).Tasks[0].History.Single();
        Assert.Equal(15, round.Funnel.Submitted);
        Assert.Equal(new DropCount(ParticipationState.Shared, DropReason.Late, 1), Assert.Single(round.Dropped));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_round_is_finished_by_another_node_after_each_stage(DatabaseKind kind)
    {
        await using var database = TestDatabase.Create(kind);
        var task = TestTasks.Secure(6, rounds: 1);
        TestNode node = await TestNode.StartAsync(database, _keys, "node-0", leaseSeconds: 0.5);
        await node.Administration.CreateAsync(_keys.Sign(task), CancellationToken.None);
        var devices = await SecureRoundTests.DevicesAsync(node, task, 6, _keys);
        var seats = new List<Assignment>();
        foreach (var device in devices) seats.Add(await SecureRoundTests.SeatAsync(node, device));
        var rounds = devices.Select(device => device.Round()).ToArray();
        var messages = seats.Select(seat => seat.Offer).ToArray();
        // Each stage is answered through a node that drives nothing, and closed by a node that has seen none of it before.
        for (var stage = 0; stage < 6; stage++)
        {
            await node.DisposeAsync();
            node = await TestNode.StartAsync(database, _keys, $"front-{stage}", drive: false);
            for (var i = 0; i < devices.Length; i++)
                foreach (var answer in rounds[i].Receive(messages[i], TimeProvider.System.GetUtcNow()))
                    await node.Gateway.SubmitAsync(devices[i].Request(), seats[i].Cohort, answer, CancellationToken.None);
            await node.DisposeAsync();
            node = await TestNode.StartAsync(database, _keys, $"driver-{stage}", leaseSeconds: 0.5);
            if (stage == 5) break;
            for (var i = 0; i < devices.Length; i++)
            {
                NextMessage next;
                do next = await node.Gateway.NextAsync(devices[i].Request(key: string.Empty), seats[i].Cohort, messages[i].Span[5], TimeSpan.FromSeconds(5), CancellationToken.None);
                while (next.Bytes.IsEmpty);
                messages[i] = next.Bytes;
            }
        }

        Assert.Equal(SecureRoundTests.Expected(task, devices), await SecureRoundTests.WaitForReleaseAsync(node, task, 1));
        foreach (var round in rounds) round.Dispose();
        await node.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_plain_round_sums_plain_reports_and_refuses_wrong_ones(DatabaseKind kind)
    {
        await using var database = TestDatabase.Create(kind);
        await using var node = await TestNode.StartAsync(database, _keys);
        var task = TestTasks.Plain(3, rounds: 1) with { Cohorts = TestTasks.Plain(3).Cohorts with { MinimumCohort = 3 } };
        await node.Administration.CreateAsync(_keys.Sign(task), CancellationToken.None);
        var devices = await SecureRoundTests.DevicesAsync(node, task, 3, _keys);
        foreach (var (i, device) in devices.Index())
        {
            var seat = await SecureRoundTests.SeatAsync(node, device);
            var configuration = Privacy.SecureAggregation.Rounds.RoundConfiguration.Decode(seat.Offer.Span);
            var words = new uint[configuration.Dimension];
            words[0] = (uint)(i + 1) * 1000;
            var packed = new byte[configuration.PackedLength];
            BitPacking.Pack(words, configuration.Bits, packed);
            await Assert.ThrowsAsync<RefusalException>(() => node.Gateway.SubmitReportAsync(device.Request(), seat.Cohort, 1, packed, CancellationToken.None));
            await Assert.ThrowsAsync<RefusalException>(() => node.Gateway.SubmitReportAsync(device.Request(), seat.Cohort, 0, packed.AsMemory(1), CancellationToken.None));
            Assert.Equal([0], (await node.Gateway.MissingAsync(device.Request(), seat.Cohort, CancellationToken.None)).Chunks);
            Assert.False((await node.Gateway.SubmitReportAsync(device.Request(), seat.Cohort, 0, packed, CancellationToken.None)).Value.Duplicate);
            if (i < 2) Assert.True((await node.Gateway.SubmitReportAsync(device.Request(), seat.Cohort, 0, packed, CancellationToken.None)).Value.Duplicate);
        }

        var release = await SecureRoundTests.WaitForReleaseAsync(node, task, 1);
        var encoder = new Privacy.Mechanisms.UpdateEncoder(PersonaTune.Aggregator.Aggregation.TaskEncoding.Options(task));
        var sum = new int[encoder.PaddedDimension];
        sum[0] = 6000;
        Assert.Equal(encoder.Decode(sum, 3).Select(value => (double)value), release.Select(value => (double)value), (x, y) => Math.Abs(x - y) < 1e-6);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Wrong_messages_have_their_defined_refusals(DatabaseKind kind)
    {
        await using var database = TestDatabase.Create(kind);
        await using var node = await TestNode.StartAsync(database, _keys);
        var task = TestTasks.Secure(4, minimum: 4, rounds: 1);
        await node.Administration.CreateAsync(_keys.Sign(task), CancellationToken.None);
        var devices = await SecureRoundTests.DevicesAsync(node, task, 2, _keys);
        var seat = await SecureRoundTests.SeatAsync(node, devices[0]);
        using var round = devices[0].Round();
        var advertisement = round.Receive(seat.Offer, TimeProvider.System.GetUtcNow())[0];

        async Task RefusesAsync(RefusalReason reason, TestDevice sender, ReadOnlyMemory<byte> message) => Assert.Equal(
            reason, (await Assert.ThrowsAsync<RefusalException>(() => node.Gateway.SubmitAsync(sender.Request(), seat.Cohort, message, CancellationToken.None))).Reason);

        byte[] Changed(int index)
        {
            var bytes = advertisement.ToArray();
            bytes[index] ^= 1;
            return bytes;
        }

        await RefusesAsync(RefusalReason.WrongSignature, devices[1], advertisement); // somebody else's
        await RefusesAsync(RefusalReason.WrongSignature, devices[0], Changed(100));
        await RefusesAsync(RefusalReason.ForeignSession, devices[0], Changed(10));
        await RefusesAsync(RefusalReason.Malformed, devices[0], advertisement[..^1]); // truncated
        await RefusesAsync(RefusalReason.Malformed, devices[0], new byte[3]);
        Assert.Equal(ProblemTypes.NotFound, (await Assert.ThrowsAsync<RequestException>(() => node.Gateway.SubmitAsync(devices[0].Request(), "none", advertisement, CancellationToken.None))).Type);
        var request = devices[0].Request();
        Assert.False((await node.Gateway.SubmitAsync(request, seat.Cohort, advertisement, CancellationToken.None)).Value.Duplicate);
        Assert.Equal(ProblemTypes.Replayed, (await Assert.ThrowsAsync<RequestException>(() => node.Gateway.SubmitAsync(request, seat.Cohort, advertisement, CancellationToken.None))).Type);
        Assert.True((await node.Gateway.SubmitAsync(devices[0].Request(), seat.Cohort, advertisement, CancellationToken.None)).Value.Duplicate);
        using var other = devices[0].Round();
        // A second attempt of the device itself is refused by its own memory.
        Assert.Equal(RefusalReason.ReplayedRound, Assert.Throws<RefusalException>(() => other.Receive(seat.Offer, TimeProvider.System.GetUtcNow())).Reason);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Seats_are_given_once_and_only_to_devices_that_fit(DatabaseKind kind)
    {
        await using var database = TestDatabase.Create(kind);
        await using var node = await TestNode.StartAsync(database, _keys);
        var task = TestTasks.Secure(4, minimum: 4, rounds: 1);
        task = task with { Cohorts = task.Cohorts with { SeparationSeconds = 3600 } };
        await node.Administration.CreateAsync(_keys.Sign(task), CancellationToken.None);
        var devices = await SecureRoundTests.DevicesAsync(node, task, 6, _keys);
        await SecureRoundTests.SeatAsync(node, devices[0]);
        async Task<CheckInRefusalReason?> AskAsync(TestDevice device, Func<CheckInRequest, CheckInRequest>? change = null, int rank = 0)
        {
            var digest = Convert.ToHexStringLower(SHA256.HashData((await node.Gateway.ListTasksAsync(CancellationToken.None)).Tasks[0].Envelope.Span));
            var request = new CheckInRequest(task.Adapter.BaseModelDigest, task.Adapter.SchemaHash, rank, digest, new string('0', 32), "test");
            var answer = (await node.Gateway.CheckInAsync(device.Request(), task.Name, change?.Invoke(request) ?? request, CancellationToken.None)).Value;
            Assert.True(answer.Retry.MaximumMilliseconds >= answer.Retry.MinimumMilliseconds && answer.Retry.MinimumMilliseconds >= 0);
            return answer.Refusal?.Reason;
        }

        Assert.Equal(CheckInRefusalReason.TooSoon, await AskAsync(devices[0]));
        Assert.Equal(CheckInRefusalReason.WrongModel, await AskAsync(devices[1], request => request with { BaseModelDigest = "x" }));
        Assert.Equal(CheckInRefusalReason.WrongSchema, await AskAsync(devices[1], request => request with { SchemaHash = "x" }));
        Assert.Equal(CheckInRefusalReason.StaleTask, await AskAsync(devices[1], request => request with { TaskDigest = "x" }));
        Assert.Equal(CheckInRefusalReason.WrongRank, await AskAsync(devices[1], rank: 2));
        for (var i = 1; i < 4; i++) Assert.Null(await AskAsync(devices[i]));
        Assert.Equal(CheckInRefusalReason.RoundFull, await AskAsync(devices[4]));
        await node.Administration.ChangeAsync(task.Name, new TaskChange(TaskState.Paused, null), CancellationToken.None);
        Assert.Equal(CheckInRefusalReason.TaskClosed, await AskAsync(devices[5]));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task An_attempt_with_too_few_devices_is_abandoned_spends_nothing_and_is_repeated_until_the_task_pauses(DatabaseKind kind)
    {
        await using var database = TestDatabase.Create(kind);
        await using var node = await TestNode.StartAsync(database, _keys);
        var task = Quick(TestTasks.Secure(8, privacy: PrivacyKind.Distributed), seconds: 0.3);
        await node.Administration.CreateAsync(_keys.Sign(task), CancellationToken.None);
        await SecureRoundTests.WaitForStateAsync(node, TaskState.Paused);
        var view = (await node.Administration.GetDashboardAsync(CancellationToken.None)).Tasks[0];
        Assert.Equal([1, 2, 3], view.History.Select(round => round.Attempt));
        Assert.All(view.History, round => Assert.Equal((1, RoundState.Abandoned), (round.Number, round.State)));
        Assert.Contains("roster-too-small", view.History[0].Reason, StringComparison.Ordinal);
        Assert.Equal(0, view.Budget.Spent);
        Assert.Equal(0, await node.Context.Database.ReadAsync(transaction => transaction.ScalarAsync<long>("SELECT COUNT(*) FROM ledger_entry")));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_private_round_costs_one_entry_and_the_task_ends_before_its_budget_is_exceeded(DatabaseKind kind)
    {
        await using var database = TestDatabase.Create(kind);
        await using var node = await TestNode.StartAsync(database, _keys);
        var task = TestTasks.Secure(8, privacy: PrivacyKind.Distributed, rounds: 2);
        var one = PersonaTune.Aggregator.Aggregation.TaskPrivacy.Epsilon(task, 1);
        task = task with { Privacy = task.Privacy with { TotalEpsilon = one * 1.01 } };
        await node.Administration.CreateAsync(_keys.Sign(task), CancellationToken.None);
        var devices = await SecureRoundTests.DevicesAsync(node, task, 8, _keys);
        await SecureRoundTests.RunAsync(node, devices);
        await SecureRoundTests.WaitForReleaseAsync(node, task, 1);
        await SecureRoundTests.WaitForStateAsync(node, TaskState.BudgetExhausted);
        var view = (await node.Administration.GetDashboardAsync(CancellationToken.None)).Tasks[0];
        Assert.Equal(one, view.Budget.Spent, 1e-9);
        Assert.Equal(0, view.Budget.RoundsLeft);
        Assert.Equal(one, Assert.Single(view.Releases).Epsilon!.Value, 1e-9);
        Assert.Equal(1, await node.Context.Database.ReadAsync(transaction => transaction.ScalarAsync<long>("SELECT COUNT(*) FROM ledger_entry")));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_device_that_leaves_gets_no_more_messages_and_the_others_finish(DatabaseKind kind)
    {
        await using var database = TestDatabase.Create(kind);
        await using var node = await TestNode.StartAsync(database, _keys);
        var task = Quick(TestTasks.Secure(8, rounds: 1), seconds: 2);
        await node.Administration.CreateAsync(_keys.Sign(task), CancellationToken.None);
        var devices = await SecureRoundTests.DevicesAsync(node, task, 8, _keys);
        var seats = new List<Assignment>();
        foreach (var device in devices) seats.Add(await SecureRoundTests.SeatAsync(node, device));
        var others = devices.Zip(seats).Skip(1).Select(pair => Task.Run(() => pair.First.TakePartAsync(() => node.Gateway, pair.Second))).ToArray();
        Assert.Equal("stopped", await devices[0].TakePartAsync(() => node.Gateway, seats[0], stopBefore: 5));
        var view = (await node.Gateway.LeaveAsync(devices[0].Request(), seats[0].Cohort, CancellationToken.None)).Value;
        Assert.Equal((ParticipationState.Dropped, DropReason.Left), (view.State, view.Reason));
        Assert.Equal("left", (await node.Gateway.NextAsync(devices[0].Request(key: string.Empty), seats[0].Cohort, 3, TimeSpan.Zero, CancellationToken.None)).Ended);
        Assert.All(await Task.WhenAll(others), Assert.Null);
        Assert.Equal(SecureRoundTests.Expected(task, devices[1..]), await SecureRoundTests.WaitForReleaseAsync(node, task, 1));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_candidate_that_is_worse_on_the_public_set_is_not_released(DatabaseKind kind)
    {
        await using var database = TestDatabase.Create(kind);
        await using var node = await TestNode.StartAsync(database, _keys, evaluator: new LengthEvaluator());
        var task = TestTasks.Secure(8, privacy: PrivacyKind.Distributed);
        task = task with { Server = task.Server with { EvaluationGate = 0 }, Cohorts = task.Cohorts with { MaximumAttempts = 1 } };
        await node.Administration.CreateAsync(_keys.Sign(task), CancellationToken.None);
        await SecureRoundTests.RunAsync(node, await SecureRoundTests.DevicesAsync(node, task, 8, _keys));
        await SecureRoundTests.WaitForStateAsync(node, TaskState.Paused);
        var view = (await node.Administration.GetDashboardAsync(CancellationToken.None)).Tasks[0];
        Assert.Contains("evaluation gate", view.History.Single().Reason, StringComparison.Ordinal);
        Assert.Empty(view.Releases);
        Assert.Equal(0, view.Budget.Spent);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Canaries_get_a_release_first_bad_verdicts_withdraw_it_and_an_operator_restores_an_older_one(DatabaseKind kind)
    {
        await using var database = TestDatabase.Create(kind);
        await using var node = await TestNode.StartAsync(database, _keys);
        var task = TestTasks.Secure(8);
        task = task with { Server = task.Server with { CanaryFraction = 0.5, CanarySeconds = 3600, CanaryMinimumReports = 4, CanaryMaximumWorse = 0.6 } };
        await node.Administration.CreateAsync(_keys.Sign(task), CancellationToken.None);
        var devices = await SecureRoundTests.DevicesAsync(node, task, 8, _keys);
        await SecureRoundTests.RunAsync(node, devices);
        await SecureRoundTests.WaitForReleaseAsync(node, task, 1);
        await SecureRoundTests.RunAsync(node, devices);
        await SecureRoundTests.WaitForReleaseAsync(node, task, 2);
        var more = await SecureRoundTests.DevicesAsync(node, task, 40, _keys);
        var canaries = new List<TestDevice>();
        foreach (var device in more)
        {
            var latest = (await node.Gateway.GetLatestReleaseAsync(device.Request(key: string.Empty), task.Name, CancellationToken.None))!;
            if (latest.State == ReleaseState.Canary) canaries.Add(device);
            else Assert.Equal(ReleaseState.Live, latest.State);
        }

        // Of 40 devices with probability 1/2 each, 8 to 32 except with probability below 1e-4.
        Assert.InRange(canaries.Count, 8, 32);
        // The fourth verdict decides; a later one may find the release rolled back already.
        foreach (var device in canaries.Take(4)) await node.Gateway.SubmitVerdictAsync(device.Request(), task.Name, 2, new CanaryVerdict(true), CancellationToken.None);
        for (var i = 0; i < 100 && (await node.Gateway.GetReleaseAsync(task.Name, 2, CancellationToken.None))!.State == ReleaseState.Canary; i++) await Task.Delay(50);
        Assert.Equal(ReleaseState.RolledBack, (await node.Gateway.GetReleaseAsync(task.Name, 2, CancellationToken.None))!.State);
        Assert.Equal(ReleaseState.Live, (await node.Gateway.GetReleaseAsync(task.Name, 1, CancellationToken.None))!.State);
        await node.Administration.ChangeAsync(task.Name, new TaskChange(null, 1), CancellationToken.None);
        Assert.Equal(ReleaseState.Live, (await node.Gateway.GetReleaseAsync(task.Name, 3, CancellationToken.None))!.State);
        Assert.Equal((await node.Gateway.GetVectorAsync(task.Name, 1, CancellationToken.None))!.Value.ToArray(), (await node.Gateway.GetVectorAsync(task.Name, 3, CancellationToken.None))!.Value.ToArray());
    }

    public void Dispose() => _keys.Dispose();

    private static TaskDefinition Quick(TaskDefinition task, double seconds) =>
        task with { Cohorts = task.Cohorts with { RecruitSeconds = seconds, StageSeconds = seconds, CollectSeconds = seconds } };

    // The longer the vector, the worse: no candidate beats zeros.
    private sealed class LengthEvaluator : IReleaseEvaluator
    {
        public Task<Evaluation?> EvaluateAsync(TaskDefinition task, ReadOnlyMemory<float> vector, CancellationToken cancellationToken) =>
            Task.FromResult<Evaluation?>(new Evaluation(vector.ToArray().Sum(value => value * value), null));
    }
}
