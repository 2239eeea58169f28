namespace PersonaTune.Protocol.Problems;

/// <summary>
/// The stable <c>type</c> of a problem document (RFC 9457). <c>detail</c> says what was expected, what was found and what to do.
/// </summary>
public static class ProblemTypes
{
    private const string Root = "urn:personatune:problem:";

    /// <summary>400: the request is not well-formed.</summary>
    public const string Malformed = Root + "malformed";

    /// <summary>401: a signature, certificate or header is missing or wrong.</summary>
    public const string Unauthenticated = Root + "unauthenticated";

    /// <summary>401: the request's time is outside the freshness window.</summary>
    public const string Stale = Root + "stale";

    /// <summary>409: these very bytes were sent before.</summary>
    public const string Replayed = Root + "replayed";

    /// <summary>409: the idempotency key was used for another request.</summary>
    public const string KeyReused = Root + "key-reused";

    /// <summary>403: the attestation was refused.</summary>
    public const string AttestationRefused = Root + "attestation-refused";

    /// <summary>403: the caller may not do this.</summary>
    public const string Forbidden = Root + "forbidden";

    /// <summary>404: there is no such thing.</summary>
    public const string NotFound = Root + "not-found";

    /// <summary>409: the state does not allow it.</summary>
    public const string WrongState = Root + "wrong-state";

    /// <summary>410: the stage, the cohort or the participation is over.</summary>
    public const string Gone = Root + "gone";

    /// <summary>413: the body is too large.</summary>
    public const string TooLarge = Root + "too-large";

    /// <summary>422: a protocol message was refused; the extension <c>reason</c> names it as the privacy library does.</summary>
    public const string Refused = Root + "refused";

    /// <summary>429: too many requests; <c>Retry-After</c> says when to come again.</summary>
    public const string RateLimited = Root + "rate-limited";

    /// <summary>503: the service cannot answer now; <c>Retry-After</c> says when to come again.</summary>
    public const string Unavailable = Root + "unavailable";

    /// <summary>The name of the extension member that holds a refusal's reason.</summary>
    public const string ReasonMember = "reason";
}
