namespace PersonaTune.Privacy.SecureAggregation.Identity;

/// <summary>
/// Decides which certificates name an enrolled device. The enrolment authority must not be the aggregating server: a server that
/// can enrol devices can fill a roster with its own.
/// </summary>
public interface ICertificateValidator
{
    /// <summary>
    /// The verifier of the device that <paramref name="certificate"/> (DER) names, if it is valid at <paramref name="now"/>.
    /// </summary>
    /// <exception cref="RefusalException">Reason <see cref="RefusalReason.CertificateRefused"/>.</exception>
    IMessageVerifier Validate(ReadOnlySpan<byte> certificate, DateTimeOffset now);
}
