namespace PersonaTune.Protocol.Requests;

/// <summary>The headers of a signed request.</summary>
public static class RequestHeaders
{
    /// <summary>The device's certificate: DER in base64.</summary>
    public const string Certificate = "PT-Certificate";

    /// <summary>When the request was signed: Unix milliseconds.</summary>
    public const string Time = "PT-Time";

    /// <summary>The idempotency key: 32 hexadecimal digits, fresh for each action, kept for its repetitions. Reads have none.</summary>
    public const string IdempotencyKey = "PT-Idempotency-Key";

    /// <summary>The signature: r and s in base64.</summary>
    public const string Signature = "PT-Signature";

    /// <summary>Set on a stored response to a repeated action.</summary>
    public const string Repeated = "PT-Repeated";
}
