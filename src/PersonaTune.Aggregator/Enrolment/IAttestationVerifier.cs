using PersonaTune.Protocol.Enrolment;

namespace PersonaTune.Aggregator.Enrolment;

/// <summary>Decides whether evidence is that of a genuine device of the application. Thread-safe.</summary>
public interface IAttestationVerifier
{
    /// <summary>The kind of evidence that it takes.</summary>
    string Kind { get; }

    /// <summary>
    /// The name of the quota that the device counts against (a token, a vendor's device id), or null if the evidence is refused. A name enrols a limited number of keys, which keeps one holder
    /// from filling a cohort with devices of his own.
    /// </summary>
    string? Verify(EnrolmentRequest request);
}
