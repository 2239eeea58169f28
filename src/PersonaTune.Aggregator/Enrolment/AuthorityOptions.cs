using System.ComponentModel.DataAnnotations;

namespace PersonaTune.Aggregator.Enrolment;

/// <summary>How the enrolment authority works.</summary>
public sealed class AuthorityOptions
{
    /// <summary>How long a device's certificate is valid, in hours. Default 72: there is no revocation.</summary>
    [Range(1, 24 * 365)]
    public double CertificateHours { get; set; } = 72;

    /// <summary>How long a challenge is valid, in seconds. Default 300.</summary>
    [Range(10, 3600)]
    public double ChallengeSeconds { get; set; } = 300;

    /// <summary>Keys that one attested name may enrol. Default 1; an enrolment token for a fleet of simulated devices has more.</summary>
    [Range(1, 1_000_000)]
    public int KeysPerName { get; set; } = 1;
}
