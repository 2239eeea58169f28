using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using PersonaTune.Aggregator.Persistence;

namespace PersonaTune.Aggregator.Tests.Faults;

/// <summary>A node of the aggregator as a process of its own, which dies at a point of its work and is started again.</summary>
internal sealed class NodeProcess : IAsyncDisposable
{
    private static readonly string[] Transitions =
        ["begin-round", "cohort.recruiting", "cohort.keying", "cohort.sharing", "cohort.collecting", "cohort.confirming", "cohort.unmasking", "follow-round", "aggregate", "publish"];

    private readonly string _name;
    private readonly string _keys;
    private readonly DatabaseOptions _database;
    private readonly Random _random;
    private readonly Func<bool> _mayDie;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _running;
    private Process? _process;
    private volatile bool _restarting;

    public NodeProcess(string name, string keys, DatabaseOptions database, int seed, Func<bool> mayDie)
    {
        (_name, _keys, _database, _random, _mayDie) = (name, keys, database, new Random(seed), mayDie);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Address = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}"));
        listener.Stop();
        _running = Task.Run(RunAsync);
    }

    public Uri Address { get; }

    /// <summary>How often it was killed.</summary>
    public int Kills { get; private set; }

    /// <summary>Points at which it died.</summary>
    public List<string> Points { get; } = [];

    /// <summary>Kills it once, without counting, so that the next start is armed.</summary>
    public void Restart()
    {
        _restarting = true;
        _process?.Kill();
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        try
        {
            _process?.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended.
        }

        await _running;
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            using var process = _process = Process.Start(Start())!;
            var errors = process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            var text = await errors;
            if (_stopping.IsCancellationRequested) return;
            if (_restarting)
            {
                _restarting = false;
                continue;
            }

            if (!text.Contains("fault point", StringComparison.Ordinal)) throw new InvalidOperationException($"{_name} ended with {process.ExitCode}: {text}");
            Kills++;
            Points.Add(text.Split("fault point ")[1].Split(' ')[0]);
        }
    }

    private ProcessStartInfo Start()
    {
        var start = new ProcessStartInfo("dotnet") { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (var argument in (string[])[
            Path.Combine(AppContext.BaseDirectory, "PersonaTune.Aggregator.dll"), $"--Service:Keys={_keys}", $"--Service:Urls={Address}", "--Service:RequestsPerSecond=0", "--Service:LogLevel=None",
            "--Authority:KeysPerName=1000", $"--Aggregator:Node={_name}", "--Aggregator:LeaseSeconds=0.5", "--Aggregator:PollSeconds=0.05", "--Aggregator:AllowFaults=true",
            $"--Database:Kind={_database.Kind}", $"--Database:Connection={_database.Connection}"])
            start.ArgumentList.Add(argument);
        if (_mayDie())
        {
            // Mostly anywhere; every third time at a transition by its name, so that the rare ones have their turn.
            start.Environment["PERSONATUNE_FAULT"] = _random.Next(3) > 0
                ? string.Create(CultureInfo.InvariantCulture, $"*:{_random.Next(1, 25)}")
                : $"{Transitions[_random.Next(Transitions.Length)]}.{(_random.Next(2) == 0 ? "before" : "after")}-commit:1";
        }

        start.Environment["DOTNET_TieredPGO"] = "0";
        return start;
    }
}
