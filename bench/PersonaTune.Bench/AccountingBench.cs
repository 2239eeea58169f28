using System.Diagnostics;
using System.Globalization;
using PersonaTune.Privacy.Accounting;

namespace PersonaTune.Bench;

/// <summary>
/// Both accountants on Poisson-sampled Gaussians at delta 1e-5: <c>accounting [--rounds 5]</c>. A time covers building the curve or the grid and one
/// epsilon; Rényi curves are cached in the process, so its first and its later times are given.
/// </summary>
internal static class AccountingBench
{
    private const double Delta = 1e-5;

    public static int Run(string[] args)
    {
        var at = Array.IndexOf(args, "--rounds");
        var rounds = at < 0 ? 5 : int.Parse(args[at + 1], CultureInfo.InvariantCulture);
        Console.WriteLine($"# delta {Delta.ToString("G1", CultureInfo.InvariantCulture)}, {rounds} rounds, one thread; milliseconds: median (best), RDP first / median");
        Console.WriteLine($"{"sigma",6} {"q",6} {"T",8} {"RDP",10} {"PLD",10} {"PLD lower",10} {"PLD ms",16} {"RDP ms",14}");
        foreach (var (sigma, q, count) in ((double, double, long)[])[(1, 0.01, 1_000), (1, 0.01, 10_000), (1, 0.01, 100_000), (4, 0.5, 10_000)])
            Measure(new PoissonSampledEvent(q, new GaussianEvent(sigma)), sigma, q, count, rounds);
        return 0;
    }

    private static void Measure(PrivacyEvent round, double sigma, double q, long count, int rounds)
    {
        var (pld, rdp) = (new List<double>(), new List<double>());
        double epsilon = 0, lower = 0, renyi = 0;
        for (var i = 0; i < rounds; i++)
        {
            rdp.Add(Time(() => renyi = new RdpAccountant(NeighbouringRelation.AddOrRemoveOne).Compose(round, count).GetEpsilon(Delta)));
            var accountant = new PldAccountant();
            pld.Add(Time(() => epsilon = accountant.Compose(round, count).GetEpsilon(Delta)));
            lower = accountant.GetEpsilonLower(Delta);
        }

        var first = rdp[0];
        pld.Sort();
        rdp.Sort();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{sigma,6} {q,6} {count,8} {renyi,10:F5} {epsilon,10:F5} {lower,10:F5} {$"{pld[rounds / 2]:F0} ({pld[0]:F0})",16} {$"{first:F1} / {rdp[rounds / 2]:F2}",14}"));
    }

    private static double Time(Action action)
    {
        var start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }
}
