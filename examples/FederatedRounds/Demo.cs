using System.Globalization;
using System.Text.Json;
using PersonaTune.Aggregator.Hosting;
using PersonaTune.Aggregator.Persistence;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Simulation;
using PersonaTune.Device.Keyboard;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;

namespace FederatedRounds;

/// <summary>
/// An aggregator and a fleet on this machine: the messages of two invented writers lie on 64 devices, which improve one global keyboard adapter in rounds with secure aggregation and
/// differential privacy. The devices are the production client, the aggregator is the production service, and the connection is HTTP.
/// </summary>
internal static class Demo
{
    private const int DevicesPerWriter = 32;

    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter errors, CancellationToken cancellationToken)
    {
        var (rounds, noise, port, folder) = (8, 2.0, 0, "federated-rounds");
        for (var i = 0; i < args.Length; i += 2)
        {
            var value = i + 1 < args.Length ? args[i + 1] : string.Empty;
            var understood = args[i] switch
            {
                "--rounds" => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out rounds) && rounds >= 1,
                "--noise" => double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out noise) && noise > 0,
                "--port" => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port < 65_536,
                "--out" => (folder = value).Length > 0,
                _ => false,
            };
            if (understood) continue;
            await errors.WriteLineAsync($"'{args[i]} {value}' is not understood; expected [--rounds N] [--noise X] [--port N] [--out FOLDER]");
            return 2;
        }

        try
        {
            await RunAsync(rounds, noise, port, folder, output, cancellationToken);
            return 0;
        }
        catch (OperationCanceledException)
        {
            await errors.WriteLineAsync("interrupted");
            return 130;
        }
    }

    private static async Task RunAsync(int rounds, double noise, int port, string folder, TextWriter output, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        using var model = ModelLoader.Load(ModelLocation.Find(null));
        using var workload = new KeyboardWorkload(model, Deal(), Environment.ProcessorCount);
        var plan = new SimulationPlan
        {
            Devices = workload.People,
            Rounds = rounds,
            Goal = workload.People,
            CohortSize = workload.People,
            NoiseMultiplier = noise,
            Delta = 1e-3,
            Clip = 0.6,
            Training = workload.Training with { Epochs = 4, BatchExamples = 4 },
            MinimumFraction = 0.75,
            Faults = new FaultPlan { Seed = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() },
        };
        // The same folder and database serve 'personatune serve' later.
        var keys = ServiceFolder.Open(Path.Combine(folder, "keys"), create: true);
        var database = new DatabaseOptions { Connection = Path.Combine(folder, "aggregator.db") };
        await using var app = await Simulator.StartAsync(keys, database, string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"), 1_000_000, workload, cancellationToken);
        var address = Simulator.AddressOf(app);
        await output.WriteLineAsync($"Aggregator and dashboard: {address}");
        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
            $"{workload.People} devices, {rounds} rounds, secure aggregation, distributed noise of multiplier {noise}: the aggregator sees sums only, and a release hides each device's part."));
        await output.WriteLineAsync();
        var simulator = new Simulator(workload, plan, line => output.WriteLine(line));
        var result = await simulator.RunAsync(address, keys, seeded: false, cancellationToken);
        var report = new SimulationReport(workload, plan, result, null, null);
        report.WriteTo(folder);
        var adapter = Path.Combine(folder, "global.gguf");
        LoraGguf.Write(workload.Layout.Write(result.Vector), model, adapter);
        var last = result.Rounds[^1];
        await output.WriteLineAsync();
        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
            $"Held-out loss {result.Initial.Loss:F3} -> {last.Loss:F3} nats a token (perplexity a token {Math.Exp(result.Initial.Loss):F0} -> {Math.Exp(last.Loss):F0}); epsilon {last.Epsilon:F1} at delta {plan.Delta:G1} for {workload.People} devices."));
        await output.WriteLineAsync("The noise that hides one device shrinks in the mean with the number of devices: larger fleets learn more at a smaller epsilon.");
        await output.WriteLineAsync($"Report and pictures: {folder}. The global adapter: {adapter}; try: personatune suggest --adapter {adapter} \"see you \"");
        await app.StopAsync(CancellationToken.None);
    }

    // Each writer's messages dealt out to devices, as if each wrote on several.
    private static List<PersonHistory> Deal()
    {
        var people = new List<PersonHistory>();
        foreach (var file in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "messages"), "*.jsonl").Order(StringComparer.Ordinal))
        {
            var messages = File.ReadLines(file).Select(line =>
            {
                using var document = JsonDocument.Parse(line);
                return document.RootElement.GetProperty("text").GetString()!;
            }).ToArray();
            for (var device = 0; device < DevicesPerWriter; device++)
                people.Add(new PersonHistory($"{Path.GetFileNameWithoutExtension(file)} {device + 1}", [.. messages.Where((_, i) => i % DevicesPerWriter == device)]));
        }

        return people;
    }
}
