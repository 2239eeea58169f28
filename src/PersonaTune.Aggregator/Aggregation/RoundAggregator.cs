using PersonaTune.Privacy.Mechanisms;
using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Aggregator.Aggregation;

/// <summary>
/// From the sums of a round's cohorts to the candidate for release: decode, leave out cohorts whose mean is too long, mean or trimmed mean, server optimizer.
/// All of it after the noise of distributed and local differential privacy, and central noise is added before anything else looks at a sum, so gates and
/// means are post-processing. Divisors are the numbers of contributors, which the round makes public.
/// </summary>
internal static class RoundAggregator
{
    /// <summary>The fewest cohorts of which a trimmed mean leaves something.</summary>
    private const int SmallestTrim = 3;

    /// <summary>Where a task starts: all coordinates zero.</summary>
    public static GlobalState Initial(TaskDefinition task) => new(new float[task.Adapter.Dimension], default);

    /// <summary>The candidate.</summary>
    /// <param name="task">The task.</param>
    /// <param name="cohorts">The cohorts' sums, at least one.</param>
    /// <param name="state">The state of the release that the round's devices trained from.</param>
    /// <param name="noise">The source of central noise; a test's may be seeded.</param>
    public static Candidate Aggregate(TaskDefinition task, IReadOnlyList<CohortSum> cohorts, GlobalState state, INoiseSource noise)
    {
        if (cohorts.Count == 0) throw new ArgumentException("a round needs the sum of a cohort", nameof(cohorts));
        var encoder = new UpdateEncoder(TaskEncoding.Options(task));
        var sums = cohorts.Select(cohort => Centre(cohort)).ToArray();
        if (task.Privacy.Kind == PrivacyKind.Central) AddNoise(task, sums, noise);
        var means = cohorts.Select((cohort, i) => Mean(task, encoder, sums[i], [cohort])).ToArray();
        var excluded = Gate(task.Server.NormGate, means);
        var kept = Enumerable.Range(0, cohorts.Count).Except(excluded).ToArray();
        var update = task.Server.TrimFraction > 0 && kept.Length >= SmallestTrim
            ? Trimmed([.. kept.Select(i => means[i])], task.Server.TrimFraction)
            : Mean(task, encoder, Total(sums, kept), [.. kept.Select(i => cohorts[i])]);
        return new Candidate(ServerOptimizer.Step(task.Server, state, update), kept.Sum(i => cohorts[i].Contributors), excluded);
    }

    private static int[] Centre(CohortSum cohort)
    {
        var values = new int[cohort.Sum.Length];
        RingEncoding.Decode(cohort.Sum.Span, cohort.Configuration.Bits, values);
        return values;
    }

    // One cohort's sum gets all of it: the total is what must be noised, and so must every part that a gate looks at.
    private static void AddNoise(TaskDefinition task, int[][] sums, INoiseSource source)
    {
        var sigma = TaskEncoding.NoiseSigma(task);
        IntegerNoise law = task.Privacy.Law == NoiseLaw.Skellam ? new SkellamNoise(sigma * sigma) : new DiscreteGaussianNoise(sigma);
        var gated = task.Server.NormGate > 0 || task.Server.TrimFraction > 0;
        foreach (var sum in gated ? sums : sums[..1]) law.AddTo(source, sum);
    }

    private static long[] Total(int[][] sums, int[] kept)
    {
        var total = new long[sums[0].Length];
        foreach (var i in kept)
            for (var c = 0; c < total.Length; c++) total[c] += sums[i][c];
        return total;
    }

    private static float[] Mean(TaskDefinition task, UpdateEncoder encoder, int[] sum, IReadOnlyList<CohortSum> cohorts) =>
        Divide(task, encoder.Decode(sum, 1), cohorts);

    private static float[] Mean(TaskDefinition task, UpdateEncoder encoder, long[] sum, IReadOnlyList<CohortSum> cohorts)
    {
        // A total over many cohorts may leave 32 bits; the rotation is linear, so it is decoded in halves.
        var (low, high) = (new int[sum.Length], new int[sum.Length]);
        for (var i = 0; i < sum.Length; i++) (high[i], low[i]) = ((int)(sum[i] >> 20), (int)(sum[i] & 0xFFFFF));
        var (coarse, fine) = (encoder.Decode(high, 1), encoder.Decode(low, 1));
        for (var i = 0; i < fine.Length; i++) fine[i] = (float)((coarse[i] * (double)(1 << 20)) + fine[i]);
        return Divide(task, fine, cohorts);
    }

    // Mixed ranks: a column of B is averaged over the devices that trained it; the others sent zeros.
    private static float[] Divide(TaskDefinition task, float[] sum, IReadOnlyList<CohortSum> cohorts)
    {
        var contributors = cohorts.Sum(cohort => cohort.Contributors);
        if (task.Adapter.Lora is not { } lora)
        {
            for (var i = 0; i < sum.Length; i++) sum[i] /= contributors;
            return sum;
        }

        var divisors = new int[lora.Rank];
        foreach (var cohort in cohorts)
            foreach (var (rank, count) in cohort.ContributorsByRank)
                for (var r = 0; r < Math.Min(rank, lora.Rank); r++) divisors[r] += count;
        for (var i = 0; i < sum.Length; i++)
            sum[i] = divisors[lora.RankOf(i)] is var divisor and > 0 ? sum[i] / divisor : 0;
        return sum;
    }

    private static int[] Gate(double limit, float[][] means)
    {
        if (limit <= 0 || means.Length < SmallestTrim) return [];
        var norms = means.Select(mean => Math.Sqrt(mean.Sum(value => (double)value * value))).ToArray();
        var median = norms.Order().ElementAt(norms.Length / 2);
        return [.. Enumerable.Range(0, norms.Length).Where(i => norms[i] > limit * median)];
    }

    private static float[] Trimmed(float[][] means, double fraction)
    {
        var cut = Math.Min((int)(fraction * means.Length), (means.Length - 1) / 2);
        var update = new float[means[0].Length];
        var column = new float[means.Length];
        for (var i = 0; i < update.Length; i++)
        {
            for (var c = 0; c < means.Length; c++) column[c] = means[c][i];
            Array.Sort(column);
            var sum = 0.0;
            for (var c = cut; c < means.Length - cut; c++) sum += column[c];
            update[i] = (float)(sum / (means.Length - (2 * cut)));
        }

        return update;
    }
}
