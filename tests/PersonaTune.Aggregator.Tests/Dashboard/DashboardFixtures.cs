using PersonaTune.Protocol.Operations;
using PersonaTune.Protocol.Releases;
using PersonaTune.Protocol.Rounds;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Aggregator.Tests.Dashboard;

/// <summary>Views for the browser tests. Every number is a function of its place, so that runs repeat.</summary>
internal static class DashboardFixtures
{
    public const int SmallestCount = 10;

    /// <summary>Markup that would do harm, or show, if any of it were taken as such.</summary>
    public const string Hostile = "<img src=x onerror=\"window.harmed=1\"><script>window.harmed=1</script>'\"&lt;b&gt;";

    private static readonly FunnelView NoDevices = new(0, 0, 0, 0, 0, 0, 0);

    public static DashboardView Create(string scenario, DateTimeOffset now) => new(now, SmallestCount, scenario switch
    {
        "rich" => [Keyboard(now, advanced: false), Digits(now), Draft("suggestions-de", "Suggest the next word in German.")],
        "advanced" => [Keyboard(now, advanced: true), Digits(now), Draft("suggestions-de", "Suggest the next word in German.")],
        "single" => [Keyboard(now, advanced: false)],
        "fresh" => [Draft("first-task", "Suggest the next word.")],
        "exhausted" => [Exhausted(now)],
        "hostile" => [HostileTask(now), Digits(now)],
        "empty" => [],
        _ => throw new ArgumentException($"there is no scenario '{scenario}'", nameof(scenario)),
    });

    public static IEnumerable<EventView> Events(DateTimeOffset now)
    {
        var id = 0;
        for (var round = 1; round <= 11; round++)
        {
            var at = now.AddMinutes(-40 * (12 - round));
            yield return new(++id, at, "keyboard-en", "round-state", $"Round {round}, attempt 1 began; it aims at 300 reports in 3 cohorts.");
            yield return new(++id, at.AddMinutes(9), "keyboard-en", "round-state", $"Round {round} collects reports.");
            yield return new(++id, at.AddMinutes(21), "keyboard-en", "release", $"Release {round} was published to a canary of 10 % of the devices.");
        }

        yield return new(++id, now.AddMinutes(-30), "digits", "task-state", "The task was paused by its operator.");
        yield return new(++id, now.AddMinutes(-6), "keyboard-en", "round-state", "Round 12, attempt 2 began; it aims at 300 reports in 3 cohorts.");
    }

    private static TaskView Keyboard(DateTimeOffset now, bool advanced)
    {
        var history = new List<RoundView>();
        for (var round = 1; round <= 11; round++)
        {
            var started = now.AddMinutes(-40 * (12 - round));
            if (round % 5 == 0) history.Add(Abandoned(round, started.AddMinutes(-15)));
            var reports = 291 + (7 * round % 23);
            history.Add(new(
                round, round % 5 == 0 ? 2 : 1, RoundState.Published, null, started, started.AddMinutes(21).AddSeconds(13 * round % 60), null, 300,
                [new(RoundState.Aggregating, 3)], new(reports + 69, reports + 58, reports + 41, reports + 33, reports, reports - 12, reports - 12),
                [new(ParticipationState.Offered, DropReason.Late, 11), new(ParticipationState.Shared, DropReason.Late, 33)],
                (reports * 412_000L) + (round * 9_731L), 4.9 - (1.55 * (1 - Math.Exp(-round / 4.0))), 0.118 + (0.121 * (1 - Math.Exp(-round / 5.0))), round));
        }

        history.Add(Abandoned(12, now.AddMinutes(-25)));
        var current = advanced
            ? new RoundView(
                12, 2, RoundState.Confirming, null, now.AddMinutes(-6), null, now.AddSeconds(75), 300,
                [new(RoundState.Confirming, 2), new(RoundState.Unmasking, 1)], new(384, 371, 352, 340, 318, 126, null),
                [new(ParticipationState.Offered, DropReason.Late, 13), new(ParticipationState.Joined, DropReason.NotNeeded, 16), new(ParticipationState.Shared, DropReason.Late, 22)],
                131_284_992, null, null, null)
            : new RoundView(
                12, 2, RoundState.Collecting, null, now.AddMinutes(-6), null, now.AddSeconds(247), 300,
                [new(RoundState.Collecting, 2), new(RoundState.Confirming, 1)], new(384, 371, 352, 340, 187, null, 0),
                [
                    new(ParticipationState.Offered, DropReason.Late, 13), new(ParticipationState.Joined, DropReason.NotNeeded, 16),
                    new(ParticipationState.Joined, DropReason.Misbehaved, null), new(ParticipationState.Keyed, DropReason.Left, null),
                    new(ParticipationState.Keyed, DropReason.Late, 10),
                ],
                77_594_624, null, null, null);
        var curve = Enumerable.Range(1, 11).Select(round => 0.52 * Math.Sqrt(round)).ToArray();
        return new(
            "keyboard-en", "Suggest the next word in messages, learned together without any message leaving a device.", TaskState.Open, AggregationKind.Secure, 24, current,
            new(1e-8, 4, curve[^1], curve[^1] + 0.31, curve[^1], 19, curve), history,
            [
                .. Enumerable.Range(1, 11).Reverse().Select(number => new ReleaseSummary(
                    number, number, number == 11 ? ReleaseState.Canary : number == 10 ? ReleaseState.Live : number == 7 ? ReleaseState.RolledBack : ReleaseState.Superseded,
                    now.AddMinutes((-40 * (12 - number)) + 21), history.Last(r => r.Number == number && r.Release is not null).Loss,
                    history.Last(r => r.Number == number && r.Release is not null).Accuracy, curve[number - 1], 1_179_660)),
            ]);
    }

    private static RoundView Abandoned(int round, DateTimeOffset started) => new(
        round, 1, RoundState.Abandoned, "2 of 3 cohorts had fewer than 80 reports when collecting closed; the next attempt recruits anew", started, started.AddMinutes(12), null, 300,
        [new(RoundState.Abandoned, 2), new(RoundState.Aggregating, 1)], new(301, 266, 241, 230, 143, null, null),
        [new(ParticipationState.Shared, DropReason.CohortAbandoned, 87)], 61_112_320, null, null, null);

    private static TaskView Digits(DateTimeOffset now) => new(
        "digits", "Read handwritten digits by writer.", TaskState.Paused, AggregationKind.Plain, 10, null, new(1e-6, null, 0, 0, 0, null, []),
        [
            .. Enumerable.Range(1, 3).Select(round => new RoundView(
                round, 1, RoundState.Published, null, now.AddHours(round - 5), now.AddHours(round - 5).AddMinutes(4), null, 40, [new(RoundState.Aggregating, 1)],
                new(52, 0, 0, 0, 44, 0, 0), [new(ParticipationState.Offered, DropReason.Late, null)], 3_604_480, 0.9 / round, 0.7 + (0.07 * round), round)),
        ],
        [new(3, 3, ReleaseState.Live, now.AddHours(-2), 0.3, 0.91, null, 31_412)]);

    private static TaskView Draft(string name, string purpose) => new(
        name, purpose, TaskState.Draft, AggregationKind.Secure, 30, null, new(1e-8, 6, 0, 0, 0, 41, []), [], []);

    private static TaskView Exhausted(DateTimeOffset now)
    {
        var task = Keyboard(now, advanced: false);
        return task with
        {
            State = TaskState.BudgetExhausted,
            Current = null,
            Budget = new(1e-8, 1.75, task.Budget.Spent, task.Budget.SpentRenyi, task.Budget.SpentLossDistribution, 0, task.Budget.Curve),
        };
    }

    private static TaskView HostileTask(DateTimeOffset now)
    {
        var round = new RoundView(1, 1, RoundState.Abandoned, Hostile, now.AddHours(-1), now, null, 10, [], NoDevices, [], 0, null, null, null);
        return new(
            Hostile, Hostile, TaskState.Open, AggregationKind.Secure, 3, null, new(1e-8, 4, 0.5, 0.5, 0.5, 3, [0.5]), [round],
            [new(1, 1, ReleaseState.Live, now, 1, 0.5, 0.5, 12)]);
    }
}
