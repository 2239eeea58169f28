namespace PersonaTune.Protocol.Enrolment;

/// <summary>A short-lived certificate.</summary>
/// <param name="Certificate">X.509 in DER, see the privacy library's enrolment profile.</param>
/// <param name="NotAfter">Renew it before then.</param>
public sealed record EnrolmentResponse(ReadOnlyMemory<byte> Certificate, DateTimeOffset NotAfter);
