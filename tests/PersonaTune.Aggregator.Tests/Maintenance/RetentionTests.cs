using System.ComponentModel.DataAnnotations;
using PersonaTune.Aggregator.Hosting;
using PersonaTune.Aggregator.Maintenance;
using PersonaTune.Aggregator.Persistence;
using PersonaTune.Aggregator.Tests.Rounds;
using PersonaTune.Protocol.Rounds;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Aggregator.Tests.Maintenance;

/// <summary>What is about single devices goes when it is old, and nothing else does.</summary>
public sealed class RetentionTests : IDisposable
{
    private const long Day = 86_400_000;
    private readonly TestKeys _keys = new();

    public static TheoryData<DatabaseKind> Kinds => TestDatabase.Kinds;

    public void Dispose() => _keys.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Old_seats_verdicts_and_history_go_and_rounds_releases_and_ledger_stay(DatabaseKind kind)
    {
        await using var database = TestDatabase.Create(kind);
        await using var node = await TestNode.StartAsync(database, _keys);
        var task = TestTasks.Secure(8, privacy: PrivacyKind.Distributed, rounds: 3);
        var devices = await PlayAsync(node, task);
        var db = node.Context.Database;
        // The second round goes on: its seats stay however old they are.
        var seats = new List<Assignment>();
        for (var i = 0; i < 2; i++) seats.Add(await SecureRoundTests.SeatAsync(node, devices[i]));
        await db.RunTransactionAsync("age", async transaction =>
        {
            var past = await transaction.NowAsync() - (91 * Day);
            foreach (var statement in (string[])
            [
                "UPDATE round SET ended_at = @past WHERE ended_at IS NOT NULL", "UPDATE participation SET seated_at = @past, changed_at = @past",
                "UPDATE adapter_release SET created_at = @past", "UPDATE event SET occurred_at = @past", "UPDATE state_history SET changed_at = @past",
                "UPDATE last_seat SET seated_at = @past", "UPDATE lease SET expires_at = @past WHERE name IN (SELECT 'cohort/' || c.id FROM cohort c JOIN round r ON r.id = c.round_id WHERE r.ended_at IS NOT NULL)",
                "INSERT INTO verdict (task, number, device, worse) VALUES ('digits', 1, 'aa', 0)",
                "INSERT INTO event (occurred_at, task, kind, text) VALUES (@past + 172800000, 'digits', 'test', 'young')",
                "INSERT INTO state_history (kind, subject, to_state, node, changed_at) VALUES ('test', 'young', 'open', 'node', @past + 172800000)",
            ]) await transaction.ExecuteAsync(statement, new { past });
        });
        var before = await KeptAsync(db);
        Assert.True(await CountAsync(db, "lease l JOIN cohort c ON l.name = 'cohort/' || c.id JOIN round r ON r.id = c.round_id WHERE r.ended_at IS NOT NULL") > 0);
        var driven = await CountAsync(db, "lease l JOIN cohort c ON l.name = 'cohort/' || c.id JOIN round r ON r.id = c.round_id WHERE r.ended_at IS NULL");
        Assert.Equal((1, 1), (before.Releases, before.LedgerEntries));
        var ended = (await node.Administration.GetDashboardAsync(CancellationToken.None)).Tasks[0].History.Single();
        Assert.Equal(8, ended.Funnel.Offered);

        // Batches of three: more than one transaction for each table.
        Assert.True(await new RetentionPass(node.Context, batch: 3).RunAsync(CancellationToken.None) > 8);

        Assert.Equal(before, await KeptAsync(db));
        Assert.Equal(2, await CountAsync(db, "participation"));
        Assert.Equal(0, await CountAsync(db, "verdict"));
        Assert.Equal(0, await CountAsync(db, "last_seat"));
        Assert.Equal(driven, await CountAsync(db, "lease WHERE name LIKE 'cohort/%'"));
        Assert.Equal(1, await CountAsync(db, "event WHERE kind = 'test'"));
        Assert.Equal(1, await CountAsync(db, "state_history WHERE kind = 'test'"));
        Assert.Equal(0, await CountAsync(db, "event WHERE kind <> 'test'"));
        Assert.Equal(0, await CountAsync(db, "state_history WHERE kind <> 'test'"));
        // Forgotten seats are withheld on the dashboard, not shown as none.
        ended = (await node.Administration.GetDashboardAsync(CancellationToken.None)).Tasks[0].History.Single();
        Assert.Null(ended.Funnel.Offered);
        Assert.Equal(1, ended.Release);
        Assert.Equal(0, await new RetentionPass(node.Context).RunAsync(CancellationToken.None));

        // The round that went on goes on.
        for (var i = 2; i < devices.Count; i++) seats.Add(await SecureRoundTests.SeatAsync(node, devices[i]));
        await Task.WhenAll(devices.Zip(seats).Select(pair => Task.Run(() => pair.First.TakePartAsync(() => node.Gateway, pair.Second))));
        await SecureRoundTests.WaitForReleaseAsync(node, task, 2);
        Assert.Equal(2, await CountAsync(db, "ledger_entry"));
        foreach (var device in devices) device.Dispose();
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Young_rows_canaries_verdicts_and_the_last_seats_of_a_long_separation_stay(DatabaseKind kind)
    {
        await using var database = TestDatabase.Create(kind);
        await using var node = await TestNode.StartAsync(database, _keys, drive: false);
        var task = TestTasks.Secure(4, minimum: 4);
        await node.Administration.CreateAsync(_keys.Sign(task), CancellationToken.None);
        await node.Administration.CreateAsync(_keys.Sign(task with { Name = "rare", Cohorts = task.Cohorts with { SeparationSeconds = 120 * 86_400 } }), CancellationToken.None);
        var db = node.Context.Database;
        await db.RunTransactionAsync("fill", async transaction =>
        {
            var now = await transaction.NowAsync();
            var (old, older, young, empty) = (now - (91 * Day), now - (121 * Day), now - (89 * Day), Array.Empty<byte>());
            foreach (var (name, device, seated) in new[] { ("digits", "young", young), ("digits", "old", old), ("rare", "old", old), ("rare", "older", older) })
                await transaction.ExecuteAsync("INSERT INTO last_seat (task, device, seated_at) VALUES (@name, @device, @seated)", new { name, device, seated });
            foreach (var (number, state, created) in new[] { (1, "canary", old), (2, "live", young), (3, "superseded", old) })
            {
                await transaction.ExecuteAsync("""
                    INSERT INTO adapter_release (task, number, round_id, envelope, vector, optimizer, state, created_at) VALUES ('digits', @number, 'digits.1', @empty, @empty, @empty, @state, @created)
                    """, new { number, empty, state, created });
                await transaction.ExecuteAsync("INSERT INTO verdict (task, number, device, worse) VALUES ('digits', @number, 'aa', 1)", new { number });
            }
        });
        Assert.Equal(3, await new RetentionPass(node.Context).RunAsync(CancellationToken.None));
        Assert.Equal(["digits/young", "rare/old"], await db.ReadAsync(transaction => transaction.QueryAsync<string>("SELECT task || '/' || device FROM last_seat ORDER BY 1")));
        Assert.Equal([1, 2], await db.ReadAsync(transaction => transaction.QueryAsync<int>("SELECT number FROM verdict ORDER BY number")));
        Assert.Equal(3, await CountAsync(db, "adapter_release"));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task One_node_at_a_time_does_it(DatabaseKind kind)
    {
        await using var database = TestDatabase.Create(kind);
        await using var node = await TestNode.StartAsync(database, _keys, drive: false);
        var other = (await node.Context.Leases.TryAcquireAsync(RetentionPass.LeaseName, "another", TimeSpan.FromMinutes(1)))!;
        Assert.Null(await new RetentionPass(node.Context).RunAsync(CancellationToken.None));
        await node.Context.Leases.ReleaseAsync(other);
        Assert.Equal(0, await new RetentionPass(node.Context).RunAsync(CancellationToken.None));
        // It gave its lease back.
        Assert.NotNull(await node.Context.Leases.TryAcquireAsync(RetentionPass.LeaseName, "another", TimeSpan.FromMinutes(1)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(36_501)]
    public async Task A_retention_out_of_range_stops_the_start_and_is_named(int days)
    {
        var folder = Directory.CreateTempSubdirectory("personatune-retention-").FullName;
        try
        {
            var options = new AggregatorHostOptions { Keys = ServiceFolder.Open(Path.Combine(folder, "keys"), create: true) };
            options.Aggregator.RetentionDays = days;
            var error = await Assert.ThrowsAsync<ValidationException>(() => AggregatorHost.CreateAsync(options));
            Assert.Contains("RetentionDays", error.Message, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The service itself does it at its start.</summary>
    [Fact]
    public async Task A_node_deletes_what_is_too_old_when_it_starts()
    {
        await using var database = TestDatabase.Create(DatabaseKind.Sqlite);
        await using (var db = await database.OpenAsync())
            await db.RunTransactionAsync("fill", transaction => transaction.ExecuteAsync("INSERT INTO event (occurred_at, task, kind, text) VALUES (1, 'digits', 'test', 'old')"));
        await using var service = await TestService.StartAsync(options => options.Database.Connection = database.Options.Connection);
        await using var reader = await database.OpenAsync();
        for (var i = 0; i < 200 && await CountAsync(reader, "event WHERE kind = 'test'") > 0; i++) await Task.Delay(50);
        Assert.Equal(0, await CountAsync(reader, "event WHERE kind = 'test'"));
    }

    private async Task<IReadOnlyList<TestDevice>> PlayAsync(TestNode node, TaskDefinition task)
    {
        await node.Administration.CreateAsync(_keys.Sign(task), CancellationToken.None);
        var devices = await SecureRoundTests.DevicesAsync(node, task, 8, _keys);
        var seats = new List<Assignment>();
        foreach (var device in devices) seats.Add(await SecureRoundTests.SeatAsync(node, device));
        await Task.WhenAll(devices.Zip(seats).Select(pair => Task.Run(() => pair.First.TakePartAsync(() => node.Gateway, pair.Second))));
        await SecureRoundTests.WaitForReleaseAsync(node, task, 1);
        return devices;
    }

    private static async Task<(long Tasks, long EndedRounds, long Releases, long LedgerEntries)> KeptAsync(AggregatorDatabase db) =>
        (await CountAsync(db, "task"), await CountAsync(db, "round WHERE ended_at IS NOT NULL"), await CountAsync(db, "adapter_release"), await CountAsync(db, "ledger_entry"));

    private static Task<long> CountAsync(AggregatorDatabase db, string what) => db.ReadAsync(transaction => transaction.ScalarAsync<long>($"SELECT COUNT(*) FROM {what}"));
}
