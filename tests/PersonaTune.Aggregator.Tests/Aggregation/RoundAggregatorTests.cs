using PersonaTune.Aggregator.Aggregation;
using PersonaTune.Aggregator.Tasks;
using PersonaTune.Privacy.Accounting;
using PersonaTune.Privacy.Mechanisms;
using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Aggregator.Tests.Aggregation;

/// <summary>From sums to a candidate, and what it costs.</summary>
public sealed class RoundAggregatorTests
{
    private static readonly TaskDefinition Task = TestTasks.Secure(40, cohortSize: 10);

    [Fact]
    public void The_mean_of_encoded_updates_is_their_mean_up_to_rounding()
    {
        var updates = Updates(20, 0.1);
        var candidate = Aggregate(Task, [Cohort(Task, updates[..10]), Cohort(Task, updates[10..])]);
        for (var i = 0; i < Task.Adapter.Dimension; i++) Assert.Equal(updates.Average(update => update[i]), candidate.State.Vector.Span[i], 2e-3);
        Assert.Equal(20, candidate.Contributors);
    }

    [Fact]
    public void A_cohort_whose_mean_is_too_long_is_left_out()
    {
        var task = Task with { Server = Task.Server with { NormGate = 3 } };
        var honest = Enumerable.Range(0, 4).Select(c => Cohort(task, Updates(10, 0.02, c))).ToList();
        var liars = Cohort(task, [.. Enumerable.Range(0, 10).Select(_ => Enumerable.Repeat(0.15f, task.Adapter.Dimension).ToArray())]);
        var candidate = Aggregate(task, [.. honest, liars]);
        Assert.Equal([4], candidate.Excluded);
        Assert.Equal(40, candidate.Contributors);
    }

    [Fact]
    public void A_trimmed_mean_resists_a_lying_cohort_that_moves_the_mean()
    {
        var cohorts = Enumerable.Range(0, 4).Select(c => Cohort(Task, Updates(10, 0.02, c))).ToList();
        cohorts.Add(Cohort(Task, [.. Enumerable.Range(0, 10).Select(_ => Enumerable.Repeat(0.15f, Task.Adapter.Dimension).ToArray())]));
        var plain = Aggregate(Task, cohorts).State.Vector.ToArray();
        var trimmed = Aggregate(Task with { Server = Task.Server with { TrimFraction = 0.2 } }, cohorts).State.Vector.ToArray();
        Assert.True(trimmed.Average(Math.Abs) < plain.Average(Math.Abs) / 2, $"trimmed {trimmed.Average(Math.Abs)}, plain {plain.Average(Math.Abs)}");
    }

    [Fact]
    public void A_rank_column_is_divided_by_the_devices_that_trained_it()
    {
        var task = Task with { Adapter = new AdapterTerms(AdapterTerms.LoraB, TestTasks.Hash('a'), TestTasks.Hash('b'), 40, new LoraTerms(4, 8, ["q"], TestTasks.Hash('0'))) };
        float[] Update(int rank) => [.. Enumerable.Range(0, 40).Select(c => c % 4 < rank ? 0.1f : 0)];
        var updates = Enumerable.Range(0, 10).Select(i => Update(i < 6 ? 4 : 2)).ToArray();
        var candidate = Aggregate(task, [Cohort(task, updates) with { ContributorsByRank = new Dictionary<int, int> { [4] = 6, [2] = 4 } }]);
        // Every column is 0.1 for whoever trained it, so the mean over those is 0.1 everywhere.
        foreach (var value in candidate.State.Vector.Span) Assert.Equal(0.1, value, 2e-3);
    }

    [Fact]
    public void Central_noise_has_the_promised_size()
    {
        var task = TestTasks.Plain(10, PrivacyKind.Central) with { Adapter = Task.Adapter with { Dimension = 4096 }, Encoding = new EncodingTerms(1, 1000, 32, TestTasks.Hash('0')) };
        var vector = Aggregate(task, [Cohort(task, [.. Enumerable.Range(0, 10).Select(_ => new float[4096])])]).State.Vector.ToArray();
        var expected = TaskEncoding.NoiseSigma(task) / (task.Encoding.Scale * 10);
        // The mean square of 4,096 values strays by more than 15 % with probability below 1e-10; rounding zeros adds nothing.
        Assert.InRange(Math.Sqrt(vector.Average(value => (double)value * value)), 0.85 * expected, 1.15 * expected);
    }

    [Fact]
    public void Server_optimizers_follow_the_papers_formulas()
    {
        float[][] updates = [[0.1f, -0.2f, 0], [0.3f, 0.1f, -0.1f], [-0.2f, 0.2f, 0.4f]];
        foreach (var kind in Enum.GetValues<ServerOptimizerKind>())
        {
            var terms = new ServerTerms(kind, LearningRate: 0.5, Momentum: 0.9, SecondMoment: 0.99, Adaptivity: 1e-2);
            var state = new GlobalState(new float[3], default);
            double[] x = [0, 0, 0], m = [0, 0, 0], v = [1e-4, 1e-4, 1e-4];
            foreach (var update in updates)
            {
                state = ServerOptimizer.Step(terms, state, update);
                for (var i = 0; i < 3; i++)
                {
                    double d = update[i];
                    if (kind == ServerOptimizerKind.FedAvg)
                    {
                        m[i] = (0.9 * m[i]) + d;
                        x[i] += 0.5 * m[i];
                        continue;
                    }

                    m[i] = (0.9 * m[i]) + (0.1 * d);
                    v[i] = kind == ServerOptimizerKind.FedAdam ? (0.99 * v[i]) + (0.01 * d * d) : v[i] - (0.01 * d * d * Math.Sign(v[i] - (d * d)));
                    x[i] += 0.5 * m[i] / (Math.Sqrt(v[i]) + 1e-2);
                }
            }

            for (var i = 0; i < 3; i++) Assert.Equal(x[i], state.Vector.Span[i], 1e-5);
        }
    }

    [Fact]
    public void An_optimizers_state_of_another_task_is_refused()
    {
        var terms = new ServerTerms(ServerOptimizerKind.FedAdam);
        var state = ServerOptimizer.Step(terms, new GlobalState(new float[3], default), new float[3]);
        Assert.Throws<ArgumentException>(() => ServerOptimizer.Step(terms with { Optimizer = ServerOptimizerKind.FedYogi }, state, new float[3]));
        Assert.Throws<ArgumentException>(() => ServerOptimizer.Step(terms, new GlobalState(new float[4], state.Optimizer), new float[4]));
    }

    /// <summary>The anchor row of the specification: sigma = 1, q = 0.01, T = 1000, delta = 1e-5.</summary>
    [Fact]
    public void The_cost_of_sampled_central_rounds_is_that_of_the_anchor_row()
    {
        var task = TestTasks.Plain(10, PrivacyKind.Central) with { Privacy = new PrivacyTerms(PrivacyKind.Central, 1, NoiseLaw.DiscreteGaussian, 0.01, 1e-5, 10, 10) };
        var (renyi, loss) = TaskPrivacy.BothEpsilons(task, 1000);
        Assert.Equal(2.1014, renyi, 1e-3);
        Assert.Equal(1.82824, loss, 1e-3);
        Assert.Equal(Math.Min(renyi, loss), TaskPrivacy.Epsilon(task, 1000), 1e-9);
    }

    [Fact]
    public void Distributed_noise_costs_what_a_Gaussian_of_the_same_multiplier_costs_and_a_little_more()
    {
        var task = TestTasks.Secure(40, cohortSize: 40, minimum: 30, PrivacyKind.Distributed) with { Encoding = new EncodingTerms(1, 20_000, 24, TestTasks.Hash('0')) };
        var (renyi, gaussian) = (TaskPrivacy.BothEpsilons(task, 10).Renyi, new RdpAccountant(NeighbouringRelation.AddOrRemoveOne).Compose(new GaussianEvent(2), 10).GetEpsilon(1e-5));
        Assert.InRange(renyi, gaussian * 0.999, gaussian * 1.01);
    }

    [Fact]
    public void A_task_that_cannot_be_run_is_refused_with_the_term_that_is_wrong()
    {
        void Refuses(TaskDefinition task, string term) => Assert.Contains(term, Assert.Throws<TaskInvalidException>(() => TaskValidation.Validate(task)).Message, StringComparison.Ordinal);
        TaskValidation.Validate(Task);
        Refuses(Task with { Name = "A" }, "name");
        Refuses(Task with { Rounds = 0 }, "rounds");
        Refuses(Task with { Adapter = Task.Adapter with { SchemaHash = "x" } }, "adapter.schemaHash");
        Refuses(Task with { Cohorts = Task.Cohorts with { MinimumCohort = 11 } }, "cohorts.cohortSize");
        Refuses(Task with { Encoding = Task.Encoding with { Bits = 17 } }, "encoding.bits");
        Refuses(Task with { Encoding = Task.Encoding with { Scale = 1e7 } }, "encoding.scale");
        Refuses(Task with { Privacy = Task.Privacy with { Kind = PrivacyKind.Distributed } }, "privacy.noiseMultiplier");
        Refuses(TestTasks.Plain(10, PrivacyKind.Distributed), "privacy.kind");
        Refuses(TestTasks.Secure(40, cohortSize: 40, minimum: 30, PrivacyKind.Distributed) with { Privacy = new PrivacyTerms(PrivacyKind.Distributed, 2, NoiseLaw.Skellam, 1, 1e-5, 100, 0.1) }, "privacy.claimedEpsilon");
    }

    private static float[][] Updates(int count, double spread, int seed = 0)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, Task.Adapter.Dimension).Select(_ => (float)((random.NextDouble() - 0.5) * spread)).ToArray())];
    }

    private static CohortSum Cohort(TaskDefinition task, float[][] updates)
    {
        var configuration = TaskEncoding.Configuration(task, 1);
        var encoder = new UpdateEncoder(TaskEncoding.Options(task));
        using var source = SeededNoiseSource.FromSeed(7);
        var sum = new uint[configuration.Dimension];
        foreach (var update in updates)
        {
            var encoded = encoder.Encode(update, source);
            for (var i = 0; i < sum.Length; i++) sum[i] += RingEncoding.Encode(encoded[i], configuration.Bits);
        }

        if (configuration.Bits < 32)
            for (var i = 0; i < sum.Length; i++) sum[i] &= (1u << configuration.Bits) - 1;
        return new CohortSum(sum, updates.Length, new Dictionary<int, int>(), configuration);
    }

    private static Candidate Aggregate(TaskDefinition task, IReadOnlyList<CohortSum> cohorts)
    {
        using var noise = SeededNoiseSource.FromSeed(11);
        return RoundAggregator.Aggregate(task, cohorts, RoundAggregator.Initial(task), noise);
    }
}
