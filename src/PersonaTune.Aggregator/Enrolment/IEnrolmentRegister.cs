namespace PersonaTune.Aggregator.Enrolment;

/// <summary>Which keys an attested name has enrolled. Thread-safe.</summary>
public interface IEnrolmentRegister
{
    /// <summary>Counts a key against a name; true if it fits the quota or is enrolled already. Durable when the task completes.</summary>
    Task<bool> TryEnrolAsync(string name, string device, int quota, CancellationToken cancellationToken);
}
