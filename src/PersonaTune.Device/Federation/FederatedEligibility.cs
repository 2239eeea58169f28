using System.Globalization;
using PersonaTune.Device.Consent;
using PersonaTune.Device.Scheduling;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Device.Federation;

/// <summary>Whether a task keeps within a user's limits, and whether now is the time. Thread-safe.</summary>
public static class FederatedEligibility
{
    /// <summary>Every reason not to take part; none if the device may.</summary>
    /// <param name="task">The signed task.</param>
    /// <param name="policy">The user's limits.</param>
    /// <param name="device">The device's state.</param>
    /// <param name="examples">Own examples.</param>
    /// <param name="lastParticipation">When it took part in the task last, or null.</param>
    /// <param name="consent">The receipt for federated learning, or null.</param>
    /// <param name="now">Now.</param>
    public static IReadOnlyList<ParticipationObstacle> Check(
        TaskDefinition task, FederatedPolicy policy, DeviceState device, int examples, DateTimeOffset? lastParticipation, ConsentReceipt? consent, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(device);
        var obstacles = new List<ParticipationObstacle>();
        void Add(bool holds, ParticipationRefusal reason, FormattableString text)
        {
            if (!holds) obstacles.Add(new ParticipationObstacle(reason, text.ToString(CultureInfo.InvariantCulture)));
        }

        var terms = consent?.Terms;
        var covered = terms is { Purpose: ConsentPurpose.FederatedLearning } && terms.Expires > now
            && (terms.BaseModelDigest.IsEmpty || Convert.ToHexStringLower(terms.BaseModelDigest.Span) == task.Adapter.BaseModelDigest);
        Add(covered, ParticipationRefusal.NoConsent, $"no valid consent receipt covers federated learning with this model; ask the user");
        Add(policy.PrivacyKinds.Contains(task.Privacy.Kind), ParticipationRefusal.PrivacyKind,
            $"the task's noise is {task.Privacy.Kind}, expected one of {string.Join(", ", policy.PrivacyKinds)}; do not take part");
        var epsilon = TaskCost.Epsilon(task);
        var limit = covered ? Math.Min(policy.MaximumEpsilon, terms!.EpsilonTotal > 0 ? terms.EpsilonTotal : policy.MaximumEpsilon) : policy.MaximumEpsilon;
        Add(epsilon <= limit, ParticipationRefusal.EpsilonTooLarge, $"all {task.Rounds} rounds may cost epsilon {epsilon:G5}, the user allows {limit:G5}; do not take part");
        Add(task.Privacy.Kind == PrivacyKind.None || task.Privacy.ClaimedEpsilon >= epsilon * (1 - 1e-6), ParticipationRefusal.ClaimTooSmall,
            $"the task claims epsilon {task.Privacy.ClaimedEpsilon:G5}, its rounds cost {epsilon:G5}; do not take part");
        Add(task.Privacy.Delta <= policy.MaximumDelta, ParticipationRefusal.DeltaTooLarge, $"delta is {task.Privacy.Delta:G3}, the user allows {policy.MaximumDelta:G3}; do not take part");
        Add(task.Cohorts.MinimumCohort >= policy.MinimumCohort, ParticipationRefusal.CohortTooSmall,
            $"cohorts have {task.Cohorts.MinimumCohort} devices at least, the user asks for {policy.MinimumCohort}; do not take part");
        var least = Math.Max(policy.MinimumExamples, task.Training.MinimumExamples);
        Add(examples >= least, ParticipationRefusal.TooFewExamples, $"there are {examples} examples, expected at least {least}; wait for more");
        Add(lastParticipation is not { } last || now - last >= policy.MinimumSeparation, ParticipationRefusal.TooSoon,
            $"the device took part at {lastParticipation:u}, expected {policy.MinimumSeparation} in between; wait");
        Add(!policy.RequireMains || device.Power != PowerSource.Battery, ParticipationRefusal.NotCharging, $"the device runs on its battery, expected external power; plug it in");
        Add(!policy.RequireIdle || device.Idle == true, ParticipationRefusal.NotIdle, $"the device is in use; wait until it is idle");
        Add(policy.AllowMetered || device.Metered != true, ParticipationRefusal.Metered, $"the network is metered; wait for another one");
        return obstacles;
    }
}
