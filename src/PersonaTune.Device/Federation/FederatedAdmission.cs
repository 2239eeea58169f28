using PersonaTune.Device.Consent;
using PersonaTune.Device.Scheduling;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Device.Federation;

/// <summary>
/// The usual answer to <see cref="FederatedClientOptions.Admit"/>: the user's limits, a valid consent receipt and the device's conditions, asked anew before a seat is taken and before anything is
/// uploaded, so that a consent that was withdrawn in between ends the participation. Thread-safe if its parts are.
/// </summary>
/// <param name="policy">The user's limits.</param>
/// <param name="conditions">The device's conditions.</param>
/// <param name="consent">Finds the receipt for federated learning that is in force, or null.</param>
/// <param name="time">The clock.</param>
/// <param name="lastParticipation">When the device took part in a task last, or null; null to leave that to the aggregator.</param>
public sealed class FederatedAdmission(
    FederatedPolicy policy, IDeviceConditions conditions, Func<TaskDefinition, CancellationToken, ValueTask<ConsentReceipt?>> consent, TimeProvider time, Func<string, DateTimeOffset?>? lastParticipation = null)
{
    /// <summary>Why the device must not take part now, or null.</summary>
    public async ValueTask<string?> AdmitAsync(TaskDefinition task, int examples, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(task);
        cancellationToken.ThrowIfCancellationRequested();
        var receipt = await consent(task, cancellationToken).ConfigureAwait(false);
        var obstacles = FederatedEligibility.Check(task, policy, conditions.Read(), examples, lastParticipation?.Invoke(task.Name), receipt, time.GetUtcNow());
        return obstacles.Count == 0 ? null : string.Join("; ", obstacles.Select(obstacle => obstacle.Text));
    }
}
