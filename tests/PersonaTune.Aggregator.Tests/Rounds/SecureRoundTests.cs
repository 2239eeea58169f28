using PersonaTune.Aggregator.Aggregation;
using PersonaTune.Aggregator.Persistence;
using PersonaTune.Privacy.Mechanisms;
using PersonaTune.Protocol.Rounds;
using PersonaTune.Protocol.Tasks;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Aggregator.Tests.Rounds;

/// <summary>Whole rounds on both databases, with real masks, through the gateway.</summary>
public sealed class SecureRoundTests : IDisposable
{
    private readonly TestKeys _keys = new();

    public static TheoryData<DatabaseKind> Kinds => TestDatabase.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_release_is_the_mean_of_what_devices_encoded_bit_for_bit(DatabaseKind kind)
    {
        await using var database = TestDatabase.Create(kind);
        await using var node = await TestNode.StartAsync(database, _keys);
        var task = TestTasks.Secure(8);
        var view = await node.Administration.CreateAsync(_keys.Sign(task), CancellationToken.None);
        Assert.Equal(TaskState.Open, view.State);
        var devices = await DevicesAsync(node, task, 8);

        await RunAsync(node, devices);
        var release = await WaitForReleaseAsync(node, task, 1);
        Assert.Equal(Expected(task, devices), release);

        await RunAsync(node, devices);
        await WaitForReleaseAsync(node, task, 2);
        await WaitForStateAsync(node, TaskState.Completed);
        var dashboard = Assert.Single((await node.Administration.GetDashboardAsync(CancellationToken.None)).Tasks);
        Assert.Equal([RoundState.Published, RoundState.Published], dashboard.History.Select(round => round.State));
        Assert.All(dashboard.History, round => Assert.Equal(8, round.Funnel.Unmasked));
        // Nothing of a round's inputs is left.
        Assert.Equal(0, await node.Context.Database.ReadAsync(transaction => transaction.ScalarAsync<long>("SELECT (SELECT COUNT(*) FROM message) + (SELECT COUNT(*) FROM outbox)")));
        foreach (var device in devices) device.Dispose();
    }

    public void Dispose() => _keys.Dispose();

    internal static async Task<TestDevice[]> DevicesAsync(TestNode node, TaskDefinition task, int count, TestKeys keys)
    {
        var digest = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData((await node.Gateway.ListTasksAsync(CancellationToken.None)).Tasks[0].Envelope.Span));
        return [.. Enumerable.Range(0, count).Select(i => new TestDevice(keys, task, digest, [.. Enumerable.Range(0, task.Adapter.Dimension).Select(c => (float)Math.Sin((i * 7) + c) * 0.1f)]))];
    }

    internal static async Task RunAsync(TestNode node, IEnumerable<TestDevice> devices) => await Task.WhenAll(devices.Select(device => Task.Run(async () =>
    {
        var seat = await SeatAsync(node, device);
        Assert.Null(await device.TakePartAsync(() => node.Gateway, seat));
    })));

    internal static async Task<Assignment> SeatAsync(TestNode node, TestDevice device)
    {
        while (true)
        {
            var answer = (await device.CheckInAsync(node.Gateway)).Value;
            if (answer.Assignment is { } seat) return seat;
            Assert.Equal(CheckInRefusalReason.NotRecruiting, answer.Refusal!.Reason);
            await Task.Delay(20);
        }
    }

    internal static async Task<float[]> WaitForReleaseAsync(TestNode node, TaskDefinition task, int number)
    {
        for (var i = 0; i < 600; i++)
        {
            if (await node.Gateway.GetVectorAsync(task.Name, number, CancellationToken.None) is { } vector) return VectorEncoding.Decode(vector.Span, task.Adapter.Dimension);
            await Task.Delay(50);
        }

        throw new TimeoutException($"release {number} did not appear");
    }

    internal static async Task WaitForStateAsync(TestNode node, TaskState state)
    {
        for (var i = 0; i < 600; i++)
        {
            if ((await node.Administration.GetDashboardAsync(CancellationToken.None)).Tasks[0].State == state) return;
            await Task.Delay(50);
        }

        throw new TimeoutException($"the task did not become {state}");
    }

    internal static float[] Expected(TaskDefinition task, IReadOnlyList<TestDevice> devices)
    {
        var encoder = new UpdateEncoder(TaskEncoding.Options(task));
        var sum = new int[encoder.PaddedDimension];
        foreach (var device in devices)
            for (var i = 0; i < sum.Length; i++) sum[i] += device.Encoded[i];
        // The aggregator decodes totals in two parts, because they may leave 32 bits.
        var (high, low) = (encoder.Decode([.. sum.Select(v => v >> 20)], 1), encoder.Decode([.. sum.Select(v => v & 0xFFFFF)], 1));
        return [.. high.Zip(low, (h, l) => (float)((h * (double)(1 << 20)) + l) / devices.Count)];
    }

    private Task<TestDevice[]> DevicesAsync(TestNode node, TaskDefinition task, int count) => DevicesAsync(node, task, count, _keys);
}
