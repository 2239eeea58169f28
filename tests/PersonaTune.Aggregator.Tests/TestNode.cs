using Microsoft.Extensions.Logging;
using PersonaTune.Aggregator.Rounds;
using PersonaTune.Aggregator.Tasks;

namespace PersonaTune.Aggregator.Tests;

/// <summary>A node without HTTP.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    private readonly ILoggerFactory _loggers = LoggerFactory.Create(logging => logging.AddSimpleConsole().SetMinimumLevel(LogLevel.Warning));
    private readonly RoundWorker _worker;

    private TestNode(AggregatorContext context)
    {
        Context = context;
        Gateway = new RoundGateway(context);
        Administration = new TaskAdministration(context);
        _worker = new RoundWorker(context, new Logger<RoundWorker>(_loggers));
    }

    public AggregatorContext Context { get; }

    public RoundGateway Gateway { get; }

    public TaskAdministration Administration { get; }

    public static async Task<TestNode> StartAsync(TestDatabase database, TestKeys keys, string name = "node-1", IReleaseEvaluator? evaluator = null, double leaseSeconds = 3, bool drive = true)
    {
        var options = new AggregatorOptions { Node = name, LeaseSeconds = leaseSeconds, PollSeconds = 0.1, SmallestCount = 1, DriveRounds = drive };
        var node = new TestNode(new AggregatorContext(await database.OpenAsync(), options, keys.Keys, new NoFaultPoints(), evaluator ?? new NoEvaluator(), TimeProvider.System));
        await node._worker.StartAsync(CancellationToken.None);
        return node;
    }

    public async ValueTask DisposeAsync()
    {
        await _worker.StopAsync(CancellationToken.None);
        _worker.Dispose();
        await Gateway.DisposeAsync();
        await Context.Database.DisposeAsync();
        _loggers.Dispose();
    }
}
