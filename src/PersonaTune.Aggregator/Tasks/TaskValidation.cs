using System.Text.Json;
using PersonaTune.Aggregator.Aggregation;
using PersonaTune.Privacy.Mechanisms;
using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Protocol.Tasks;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Aggregator.Tasks;

/// <summary>Checks a task before it is accepted, so that a round never fails for a reason that its author could have been told.</summary>
internal static class TaskValidation
{
    /// <summary>Reads and checks a definition.</summary>
    /// <exception cref="TaskInvalidException">A term is missing or out of range; the message names it.</exception>
    public static TaskDefinition Read(ReadOnlySpan<byte> json)
    {
        if (json.Length > TaskDefinition.MaximumLength) throw new TaskInvalidException($"the definition has {json.Length} bytes, expected at most {TaskDefinition.MaximumLength}");
        TaskDefinition task;
        try
        {
            task = JsonSerializer.Deserialize(json, ProtocolJson.Default.TaskDefinition) ?? throw new TaskInvalidException("the definition is null");
        }
        catch (JsonException e)
        {
            throw new TaskInvalidException($"the definition is not a task in JSON ({e.Message})");
        }

        Validate(task);
        return task;
    }

    /// <summary>Throws unless every term is in its range and they fit together.</summary>
    /// <exception cref="TaskInvalidException">The message names the term.</exception>
    public static void Validate(TaskDefinition task)
    {
        Require(task.Name.Length is >= 1 and <= 64 && task.Name.All(c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-'), "name", task.Name, "1 to 64 characters of a-z, 0-9 and hyphens");
        Require(task.Purpose.Length is >= 1 and <= 1000, "purpose", task.Purpose.Length, "1 to 1000 characters");
        Require(task.Rounds is >= 1 and <= 1_000_000, "rounds", task.Rounds, "1 to 1000000");
        Require(task.NotAfter > task.NotBefore, "notAfter", task.NotAfter, "a time after notBefore");
        CheckAdapter(task.Adapter);
        CheckCohorts(task);
        CheckTraining(task.Training);
        CheckServer(task.Server);
        CheckEncoding(task);
        CheckPrivacy(task);
    }

    private static void CheckAdapter(AdapterTerms adapter)
    {
        Require(IsHex(adapter.BaseModelDigest, 64), "adapter.baseModelDigest", adapter.BaseModelDigest, "64 lower-case hexadecimal digits");
        Require(IsHex(adapter.SchemaHash, 64), "adapter.schemaHash", adapter.SchemaHash, "64 lower-case hexadecimal digits");
        Require(adapter.Dimension is >= 1 and <= 1 << 26, "adapter.dimension", adapter.Dimension, "1 to 2^26");
        Require(adapter.Kind == AdapterTerms.LoraB == adapter.Lora is not null, "adapter.lora", adapter.Lora is null ? "absent" : "present", "terms exactly if the kind is lora-b");
        if (adapter.Lora is not { } lora) return;
        Require(lora.Rank is >= 1 and <= 256, "adapter.lora.rank", lora.Rank, "1 to 256");
        Require(lora.MinimumRank >= 1 && lora.MinimumRank <= lora.Rank, "adapter.lora.minimumRank", lora.MinimumRank, "1 to the rank");
        Require(adapter.Dimension % lora.Rank == 0, "adapter.dimension", adapter.Dimension, $"a multiple of the rank {lora.Rank}");
        Require(IsHex(lora.Seed, 64), "adapter.lora.seed", lora.Seed, "64 lower-case hexadecimal digits");
        Require(lora.Alpha > 0 && double.IsFinite(lora.Alpha), "adapter.lora.alpha", lora.Alpha, "a finite number above 0");
        Require(lora.Targets.Count > 0, "adapter.lora.targets", lora.Targets.Count, "at least one");
    }

    private static void CheckCohorts(TaskDefinition task)
    {
        var cohorts = task.Cohorts;
        var secure = task.Aggregation == AggregationKind.Secure;
        var least = secure ? 4 : 3;
        Require(cohorts.MinimumCohort >= least, "cohorts.minimumCohort", cohorts.MinimumCohort, $"at least {least}");
        Require(cohorts.CohortSize >= cohorts.MinimumCohort && cohorts.CohortSize <= (secure ? 10_000 : 32_768), "cohorts.cohortSize", cohorts.CohortSize, "the minimum cohort to 10000 (32768 plain)");
        Require(cohorts.Goal >= cohorts.MinimumCohort && cohorts.Goal <= 10_000_000, "cohorts.goal", cohorts.Goal, "at least the minimum cohort");
        Require(cohorts.Cohorts == 0 || cohorts.GoalPerCohort >= cohorts.MinimumCohort, "cohorts.goal", cohorts.Goal, $"enough for {cohorts.Cohorts} cohorts of at least {cohorts.MinimumCohort}");
        Require(cohorts.OverSelection is >= 1 and <= 10, "cohorts.overSelection", cohorts.OverSelection, "1 to 10");
        Require(cohorts.MaximumAttempts is >= 1 and <= 1000, "cohorts.maximumAttempts", cohorts.MaximumAttempts, "1 to 1000");
        foreach (var (name, seconds) in (ReadOnlySpan<(string, double)>)[("recruitSeconds", cohorts.RecruitSeconds), ("stageSeconds", cohorts.StageSeconds), ("collectSeconds", cohorts.CollectSeconds)])
            Require(seconds is >= 0.05 and <= 1_000_000, $"cohorts.{name}", seconds, "0.05 to 1000000");
        Require(cohorts.SeparationSeconds is >= 0 and <= 1e9, "cohorts.separationSeconds", cohorts.SeparationSeconds, "0 or more");
        Require(cohorts.CorruptPpm is >= 0 and < 500_000, "cohorts.corruptPpm", cohorts.CorruptPpm, "0 to below 500000");
        Require(cohorts.DropoutPpm >= 0 && cohorts.DropoutPpm + cohorts.CorruptPpm < 1_000_000, "cohorts.dropoutPpm", cohorts.DropoutPpm, "0 or more, together with corruptPpm below 1000000");
    }

    private static void CheckTraining(LocalTrainingTerms training)
    {
        Require(training.Epochs is >= 1 and <= 1000, "training.epochs", training.Epochs, "1 to 1000");
        Require(training.MaximumSteps >= 0, "training.maximumSteps", training.MaximumSteps, "0 or more");
        Require(training.LearningRate > 0 && double.IsFinite(training.LearningRate), "training.learningRate", training.LearningRate, "a finite number above 0");
        Require(training.BatchExamples >= 1, "training.batchExamples", training.BatchExamples, "at least 1");
        Require(training.Proximal >= 0 && double.IsFinite(training.Proximal), "training.proximal", training.Proximal, "0 or more");
        Require(training.MinimumExamples >= 1, "training.minimumExamples", training.MinimumExamples, "at least 1");
    }

    private static void CheckServer(ServerTerms server)
    {
        Require(server.LearningRate > 0 && double.IsFinite(server.LearningRate), "server.learningRate", server.LearningRate, "a finite number above 0");
        Require(server.Momentum is >= 0 and < 1, "server.momentum", server.Momentum, "0 to below 1");
        Require(server.SecondMoment is >= 0 and < 1, "server.secondMoment", server.SecondMoment, "0 to below 1");
        Require(server.Adaptivity > 0 && double.IsFinite(server.Adaptivity), "server.adaptivity", server.Adaptivity, "a finite number above 0");
        Require(server.NormGate is 0 or >= 1, "server.normGate", server.NormGate, "0, or at least 1");
        Require(server.TrimFraction is >= 0 and < 0.5, "server.trimFraction", server.TrimFraction, "0 to below 0.5");
        Require(double.IsFinite(server.EvaluationGate), "server.evaluationGate", server.EvaluationGate, "a finite number; negative for no gate");
        Require(server.CanaryFraction is >= 0 and < 1, "server.canaryFraction", server.CanaryFraction, "0 to below 1");
        Require(server.CanarySeconds >= 0 && server.CanaryFraction > 0 == server.CanarySeconds > 0, "server.canarySeconds", server.CanarySeconds, "above 0 exactly if there is a canary fraction");
    }

    private static void CheckEncoding(TaskDefinition task)
    {
        Require(BitPacking.IsSupported(task.Encoding.Bits), "encoding.bits", task.Encoding.Bits, "16, 20, 24 or 32");
        Require(IsHex(task.Encoding.RotationSeed, 64), "encoding.rotationSeed", task.Encoding.RotationSeed, "64 lower-case hexadecimal digits");
        Require(task.Encoding.Beta is >= 0 and < 1, "encoding.beta", task.Encoding.Beta, "0 to below 1");
        try
        {
            _ = new UpdateEncoder(TaskEncoding.Options(task));
        }
        catch (ArgumentException e)
        {
            throw new TaskInvalidException($"encoding: {e.Message}");
        }
    }

    private static void CheckPrivacy(TaskDefinition task)
    {
        var (privacy, kind) = (task.Privacy, task.Privacy.Kind);
        Require(kind == PrivacyKind.None == (privacy.NoiseMultiplier == 0) && privacy.NoiseMultiplier >= 0 && double.IsFinite(privacy.NoiseMultiplier),
            "privacy.noiseMultiplier", privacy.NoiseMultiplier, "above 0, or 0 exactly without noise");
        Require(kind != PrivacyKind.Distributed || task.Aggregation == AggregationKind.Secure, "privacy.kind", kind, "another kind: distributed noise protects only sums, which takes secure aggregation");
        Require(kind != PrivacyKind.Local || task.Aggregation == AggregationKind.Plain, "privacy.kind", kind, "another kind: with secure aggregation distributed noise gives the same guarantee with less noise");
        Require(privacy.SamplingRate is > 0 and <= 1, "privacy.samplingRate", privacy.SamplingRate, "above 0, up to 1");
        Require(privacy.Delta is > 0 and < 1, "privacy.delta", privacy.Delta, "above 0 and below 1");
        Require(privacy.TotalEpsilon > 0 && double.IsFinite(privacy.TotalEpsilon), "privacy.totalEpsilon", privacy.TotalEpsilon, "a finite number above 0");
        if (kind == PrivacyKind.Distributed)
            Require(TaskEncoding.GuaranteedHonest(task.Cohorts) >= 1, "cohorts.minimumCohort", task.Cohorts.MinimumCohort, "more than the corrupt devices that a full cohort may hold");
        CheckRing(task);
        if (kind != PrivacyKind.None)
        {
            var epsilon = TaskPrivacy.Epsilon(task, task.Rounds);
            Require(privacy.ClaimedEpsilon >= epsilon * (1 - 1e-6), "privacy.claimedEpsilon", privacy.ClaimedEpsilon, $"at least {epsilon:G6}, which {task.Rounds} rounds cost at delta {privacy.Delta:G3}");
        }
    }

    private static void CheckRing(TaskDefinition task)
    {
        try
        {
            var configuration = TaskEncoding.Configuration(task, 1);
            configuration.Validate();
            var sigma = task.Privacy.Kind switch
            {
                PrivacyKind.Distributed => configuration.NoiseSigma * Math.Sqrt(configuration.MaximumDevices),
                PrivacyKind.Local => TaskEncoding.NoiseSigma(task) * Math.Sqrt(configuration.MaximumDevices),
                _ => 0,
            };
            RingEncoding.EnsureFits(configuration.Bits, configuration.MaximumDevices, configuration.CoordinateBound, sigma, configuration.Dimension);
        }
        catch (Exception e) when (e is SecureAggregationException or InvalidOperationException or ArgumentException)
        {
            throw new TaskInvalidException($"its rounds are not possible: {e.Message}; lower encoding.scale or cohorts.cohortSize, or raise encoding.bits");
        }
    }

    private static bool IsHex(string text, int length) => text.Length == length && text.All(c => c is (>= '0' and <= '9') or (>= 'a' and <= 'f'));

    private static void Require(bool holds, string term, object value, string expected)
    {
        if (!holds) throw new TaskInvalidException(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{term} is {value}, expected {expected}"));
    }
}
