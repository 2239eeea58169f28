using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using PersonaTune.Aggregator.Aggregation;
using PersonaTune.Aggregator.Hosting;
using PersonaTune.Aggregator.Persistence;
using PersonaTune.Aggregator.Tasks;
using PersonaTune.Device.Federation;
using PersonaTune.Privacy.SecureAggregation.Rounds;
using PersonaTune.Privacy.Signing;
using PersonaTune.Protocol.Operations;
using PersonaTune.Protocol.Rounds;
using PersonaTune.Protocol.Tasks;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Cli.Simulation;

/// <summary>
/// Runs a fleet of production clients against a production aggregator over HTTP on the loopback interface: in this process, or against one that runs already. Which devices take part in which
/// round, and what goes wrong, follows from the seed.
/// </summary>
internal sealed class Simulator(IWorkload workload, SimulationPlan plan, Action<string> say)
{
    /// <summary>Starts an aggregator of its own and runs the simulation.</summary>
    public async Task<SimulationResult> RunAsync(CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("personatune-simulation-").FullName;
        try
        {
            var keys = ServiceFolder.Open(Path.Combine(folder, "keys"), create: true);
            await using var app = await StartAsync(keys, plan.Database ?? new DatabaseOptions { Connection = Path.Combine(folder, "aggregator.db"), Durable = false }, "http://127.0.0.1:0", plan.Devices, workload, cancellationToken);
            return await RunAsync(AddressOf(app), keys, seeded: true, cancellationToken);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Starts an aggregator for a simulation: a quick one that enrols as many devices as there are.</summary>
    public static async Task<WebApplication> StartAsync(ServiceFolder keys, DatabaseOptions database, string url, int devices, IWorkload workload, CancellationToken cancellationToken)
    {
        var options = new AggregatorHostOptions
        {
            Keys = keys,
            Urls = url,
            RequestsPerSecond = 0,
            LogLevel = LogLevel.Error,
            Database = database,
            Evaluator = new WorkloadEvaluator(workload),
        };
        options.Aggregator.PollSeconds = 0.2;
        options.Aggregator.SmallestCount = 1;
        options.Authority.KeysPerName = devices;
        var app = await AggregatorHost.CreateAsync(options, cancellationToken);
        await app.StartAsync(cancellationToken);
        return app;
    }

    /// <summary>Where an application listens.</summary>
    public static Uri AddressOf(WebApplication app) => new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    /// <summary>Runs the simulation against an aggregator whose keys are at hand.</summary>
    public async Task<SimulationResult> RunAsync(Uri address, ServiceFolder keys, bool seeded, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = address };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", keys.OperatorToken);
        var service = await new AggregatorClient(http, null).GetKeysAsync(cancellationToken);
        using var fleet = new Fleet(address, service, workload, plan.Faults, seeded);
        say($"enrolling {plan.Devices} {workload.DeviceNoun}");
        await fleet.EnrolAsync(plan.Devices, keys.EnrolmentToken ?? throw new InvalidOperationException("the keys' folder holds no enrolment token; copy it from the authority"), cancellationToken);
        var task = DefineTask();
        using (var signer = keys.OperatorSigner())
        {
            var envelope = SignedEnvelope.Create(signer, TaskDefinition.SigningContext, JsonSerializer.SerializeToUtf8Bytes(task, ProtocolJson.Default.TaskDefinition)).Encode();
            using var content = new ByteArrayContent(envelope);
            using var response = await http.PostAsync("/v1/operator/tasks", content, cancellationToken);
            if (!response.IsSuccessStatusCode) throw new InvalidOperationException($"the aggregator refuses the task: {await response.Content.ReadAsStringAsync(cancellationToken)}");
        }

        var initial = await workload.EvaluateAsync(new float[task.Adapter.Dimension], cancellationToken);
        return await RunRoundsAsync(http, fleet, task, initial, cancellationToken);
    }

    /// <summary>The task that the plan describes.</summary>
    public TaskDefinition DefineTask()
    {
        var cohorts = new CohortTerms(
            plan.Goal, Math.Min(plan.CohortSize, plan.Goal), 1, OverSelection: 1, MaximumAttempts: 50, plan.LongStageSeconds, plan.StageSeconds, plan.LongStageSeconds,
            CorruptPpm: plan.Aggregation == AggregationKind.Secure ? 100_000 : 0, DropoutPpm: plan.Aggregation == AggregationKind.Secure ? 300_000 : 0);
        // Whole cohorts of equal size: with exactly as many seats as devices no stage waits for its deadline, unless devices are lost.
        var each = plan.Goal / cohorts.Cohorts;
        cohorts = cohorts with { Goal = each * cohorts.Cohorts, CohortSize = each, MinimumCohort = Math.Max(plan.Aggregation == AggregationKind.Secure ? 4 : 3, (int)Math.Ceiling(each * plan.MinimumFraction)) };
        var clip = plan.Clip ?? workload.Clip;
        var noise = plan.Privacy == PrivacyKind.None ? 0 : plan.NoiseMultiplier;
        var task = new TaskDefinition(
            string.Create(CultureInfo.InvariantCulture, $"{workload.Name}-{plan.Faults.Seed}"), $"Simulated rounds over {plan.Devices} {workload.DeviceNoun}.", plan.Rounds, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200), workload.Adapter,
            plan.Training ?? workload.Training, plan.Aggregation, cohorts, new EncodingTerms(clip, 1, 24, Convert.ToHexStringLower(SHA256.HashData(BitConverter.GetBytes(plan.Faults.Seed)))),
            new PrivacyTerms(plan.Privacy, noise, NoiseLaw.DiscreteGaussian, 1, plan.Delta, 1, 1), plan.Server ?? workload.Server);
        task = task with { Encoding = task.Encoding with { Scale = FittingScale(task) } };
        if (plan.Privacy == PrivacyKind.None) return task with { Privacy = task.Privacy with { ClaimedEpsilon = 0 } };
        var epsilon = TaskPrivacy.Epsilon(task, plan.Rounds);
        return task with { Privacy = task.Privacy with { TotalEpsilon = epsilon * 1.0001, ClaimedEpsilon = epsilon * 1.0001 } };
    }

    // The largest scale for which the sum cannot wrap, to a part in a hundred.
    private static double FittingScale(TaskDefinition task)
    {
        bool Fits(double scale)
        {
            try
            {
                TaskValidation.Validate(task with
                {
                    Encoding = task.Encoding with { Scale = scale },
                    Privacy = task.Privacy with { ClaimedEpsilon = double.MaxValue, TotalEpsilon = double.MaxValue },
                });
                return true;
            }
            catch (TaskInvalidException)
            {
                return false;
            }
        }

        var least = 1e-3;
        while (!Fits(least) && least < 1e9) least *= 10;
        var most = least;
        while (Fits(most * 10)) most *= 10;
        var exceeds = most * 10;
        while (exceeds / most > 1.01)
        {
            var middle = Math.Sqrt(most * exceeds);
            if (Fits(middle)) most = middle;
            else exceeds = middle;
        }

        return most;
    }

    private async Task<SimulationResult> RunRoundsAsync(HttpClient http, Fleet fleet, TaskDefinition task, (double Loss, double? Accuracy) initial, CancellationToken cancellationToken)
    {
        var (rounds, reasons, vector) = (new List<SimulatedRound>(), new SortedDictionary<string, int>(StringComparer.Ordinal), new float[task.Adapter.Dimension]);
        var client = new FederatedClient(Listing(fleet, http));
        var started = TimeProvider.System.GetTimestamp();
        for (var number = 1; number <= plan.Rounds; number++)
        {
            var begun = TimeProvider.System.GetTimestamp();
            var (attempts, completed, lost, failed, up, down) = (0, 0, 0, 0, 0L, 0L);
            while (true)
            {
                var offered = (await client.ListTasksAsync(cancellationToken)).FirstOrDefault(offer => offer.Task.Name == task.Name)
                    ?? throw new InvalidOperationException($"the task has ended after {rounds.Count} rounds; see its event log");
                if (offered.State != TaskState.Open) throw new InvalidOperationException($"the task is {offered.State} in round {number}; see its event log");
                attempts = await WaitForRecruitingAsync(http, task, number, cancellationToken);
                if (attempts == 0) break;
                foreach (var outcome in await Task.WhenAll(Choose(fleet, task.Cohorts.Goal, number, attempts).Select(device => TakePartAsync(device, offered, cancellationToken))))
                {
                    if (outcome is null) lost++;
                    else if (outcome.End == ParticipationEnd.Completed) completed++;
                    else failed++;
                    var reason = outcome is null ? "lost" : outcome.End == ParticipationEnd.Completed ? "completed" : $"{outcome.End}: {outcome.Reason}";
                    reasons[reason] = reasons.GetValueOrDefault(reason) + 1;
                    (up, down) = (up + (outcome?.BytesSent ?? 0), down + (outcome?.BytesReceived ?? 0));
                }

                if (await WaitForEndAsync(http, task, number, attempts, cancellationToken)) break;
            }

            var view = await ViewAsync(http, task, cancellationToken);
            var release = view.Releases.First(summary => summary.Round == number);
            vector = VectorEncoding.Decode(await http.GetByteArrayAsync(Protocol.Requests.Routes.ReleaseVector(task.Name, release.Number), cancellationToken), task.Adapter.Dimension);
            var (loss, accuracy) = await workload.EvaluateAsync(vector, cancellationToken);
            var (renyi, lossDistribution) = plan.Privacy == PrivacyKind.None ? (0, 0) : TaskPrivacy.BothEpsilons(task, number);
            rounds.Add(new SimulatedRound(number, Math.Max(1, attempts), loss, accuracy, release.Epsilon, renyi, lossDistribution, completed, lost, failed, up, down, TimeProvider.System.GetElapsedTime(begun).TotalSeconds));
            say(Line(rounds[^1]));
        }

        return new SimulationResult(initial, rounds, reasons, vector, TimeProvider.System.GetElapsedTime(started).TotalSeconds);
    }

    private static string Line(SimulatedRound round) => string.Create(CultureInfo.InvariantCulture,
        $"round {round.Round}: loss {round.Loss:F4}{(round.Accuracy is { } accuracy ? $", accuracy {accuracy:P2}" : string.Empty)}{(round.Epsilon is { } epsilon ? $", epsilon {epsilon:F3}" : string.Empty)}, {round.Completed} completed, {round.Lost} lost, {round.Failed} failed, {round.Seconds:F1} s");

    private static FederatedClientOptions Listing(Fleet fleet, HttpClient http) => new()
    {
        Service = new AggregatorClient(http, null, fleet.ClientOptions),
        Identity = IdentityKeys.Unused,
        Authority = fleet.Authority(),
        ServerKey = fleet.Keys.ServerKey,
        OperatorKeys = fleet.Keys.OperatorKeys,
        Rounds = new VolatileRoundMemory(),
        Releases = new VolatileReleaseMemory(),
        Budget = _ => new FreeBudget(),
        Admit = (_, _, _) => ValueTask.FromResult<string?>(null),
        Consent = (_, _) => ValueTask.FromResult<string?>(new string('0', 32)),
    };

    // Different devices in each attempt, the same in each run.
    private IEnumerable<VirtualDevice> Choose(Fleet fleet, int goal, int round, int attempt)
    {
        var random = SeedMix.Generator(plan.Faults.Seed, round, attempt);
        var order = Enumerable.Range(0, fleet.Devices.Count).ToArray();
        random.Shuffle(order);
        return order.Take(goal).Select(number => fleet.Devices[number]);
    }

    private static async Task<ParticipationOutcome?> TakePartAsync(VirtualDevice device, OfferedTask task, CancellationToken cancellationToken)
    {
        try
        {
            return await device.RunAsync(task, cancellationToken);
        }
        catch (AggregatorException e)
        {
            return new ParticipationOutcome(ParticipationEnd.Dropped, e.Reason ?? e.Type, 0, false, DateTimeOffset.MinValue, 0, 0);
        }
    }

    // The attempt that recruits; 0 if the round was published meanwhile.
    private static async Task<int> WaitForRecruitingAsync(HttpClient http, TaskDefinition task, int number, CancellationToken cancellationToken)
    {
        while (true)
        {
            var view = await ViewAsync(http, task, cancellationToken);
            if (view.History.Any(round => round.Number == number && round.State == RoundState.Published)) return 0;
            if (view.Current is { } current && current.Number == number && current.State is RoundState.Recruiting or RoundState.Collecting) return view.Current.Attempt;
            if (view.State is not (TaskState.Open or TaskState.Completed)) throw new InvalidOperationException($"the task is {view.State}: {(view.History.Count > 0 ? view.History[^1].Reason : null)}");
            await Task.Delay(20, cancellationToken);
        }
    }

    private static async Task<bool> WaitForEndAsync(HttpClient http, TaskDefinition task, int number, int attempt, CancellationToken cancellationToken)
    {
        while (true)
        {
            var ended = (await ViewAsync(http, task, cancellationToken)).History.FirstOrDefault(round => round.Number == number && round.Attempt == attempt);
            if (ended is not null) return ended.State == RoundState.Published;
            await Task.Delay(20, cancellationToken);
        }
    }

    private static async Task<TaskView> ViewAsync(HttpClient http, TaskDefinition task, CancellationToken cancellationToken)
    {
        var dashboard = JsonSerializer.Deserialize(await http.GetByteArrayAsync("/v1/operator/dashboard", cancellationToken), ProtocolJson.Default.DashboardView)!;
        return dashboard.Tasks.First(view => view.Name == task.Name);
    }
}
