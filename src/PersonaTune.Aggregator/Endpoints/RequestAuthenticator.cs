using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using PersonaTune.Aggregator.Rounds;
using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Protocol.Problems;
using PersonaTune.Protocol.Requests;

namespace PersonaTune.Aggregator.Endpoints;

/// <summary>
/// Verifies who sends a request: certificate of the enrolment authority, signature over method, target, time, idempotency key and body, and freshness. Replays of actions
/// are found where the action is stored. Thread-safe.
/// </summary>
internal sealed class RequestAuthenticator(AggregatorKeys keys, AggregatorOptions options, TimeProvider time)
{
    private const int KeyLength = 32;
    private const int KeptCertificates = 100_000;
    private const int MaximumCertificate = 4096;

    // Public keys of certificates that were verified, until they expire or the table is full.
    private readonly ConcurrentDictionary<string, (byte[] PublicKey, DateTimeOffset Checked)> _certificates = new(StringComparer.Ordinal);

    /// <summary>Verifies a request with its body.</summary>
    /// <param name="request">The request.</param>
    /// <param name="body">Its body.</param>
    /// <param name="action">Whether it changes something and needs an idempotency key.</param>
    /// <exception cref="RequestException">It is not authentic, not fresh, or a header is missing.</exception>
    public AuthenticatedRequest Authenticate(HttpRequest request, ReadOnlySpan<byte> body, bool action)
    {
        var sent = Header(request, RequestHeaders.Time);
        if (!long.TryParse(sent, NumberStyles.None, CultureInfo.InvariantCulture, out var unix)) throw Refuse($"{RequestHeaders.Time} is not a number of milliseconds");
        var now = time.GetUtcNow();
        if (Math.Abs(now.ToUnixTimeMilliseconds() - (double)unix) > options.Freshness.TotalMilliseconds)
            throw new RequestException(401, ProblemTypes.Stale, $"the request's time is {unix}, the service's {now.ToUnixTimeMilliseconds()}; set the clock and sign it again");
        var key = action ? Header(request, RequestHeaders.IdempotencyKey) : string.Empty;
        if (action && (key.Length != KeyLength || !key.All(char.IsAsciiHexDigitLower)))
            throw new RequestException(400, ProblemTypes.Malformed, $"{RequestHeaders.IdempotencyKey} is '{(key.Length > KeyLength ? key[..KeyLength] : key)}', expected {KeyLength} lower-case hexadecimal digits");
        var signature = Base64(Header(request, RequestHeaders.Signature), RequestHeaders.Signature, 128);
        var verifier = Verifier(Header(request, RequestHeaders.Certificate), now);
        var target = request.Path + request.QueryString.Value;
        var bodyDigest = SHA256.HashData(body);
        var message = SignedRequest.Message(options.Audience, request.Method, target, unix, key, bodyDigest);
        if (!verifier.Verify(SHA256.HashData(message), signature))
            throw Refuse("the signature does not belong to the request; sign method, target, time, idempotency key and body for this audience with the certified key");
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        digest.AppendData(Encoding.UTF8.GetBytes($"{request.Method} {target} "));
        digest.AppendData(bodyDigest);
        return new AuthenticatedRequest(verifier.Id, verifier, key, digest.GetHashAndReset(), SHA256.HashData(signature));
    }

    private VerificationKey Verifier(string encoded, DateTimeOffset now)
    {
        // A certificate is checked again after a minute, so that it does not outlive its end by more.
        if (_certificates.TryGetValue(encoded, out var known) && now - known.Checked < TimeSpan.FromMinutes(1)) return new VerificationKey(known.PublicKey);
        var certificate = Base64(encoded, RequestHeaders.Certificate, MaximumCertificate);
        using var authority = keys.Authority();
        try
        {
            using var verifier = (VerificationKey)authority.Validate(certificate, now);
            if (_certificates.Count >= KeptCertificates) _certificates.Clear();
            var publicKey = verifier.PublicKey.ToArray();
            _certificates[encoded] = (publicKey, now);
            return new VerificationKey(publicKey);
        }
        catch (RefusalException e)
        {
            throw Refuse($"the certificate is refused: {e.Problem}");
        }
    }

    private static byte[] Base64(string text, string header, int most)
    {
        var bytes = new byte[most];
        return Convert.TryFromBase64String(text, bytes, out var length) ? bytes[..length] : throw Refuse($"{header} is not base64 of at most {most} bytes");
    }

    private static string Header(HttpRequest request, string name) => request.Headers.TryGetValue(name, out var values) && values is [{ Length: > 0 } value]
        ? value
        : throw Refuse($"the header {name} is missing; sign the request with an enrolled device's key");

    private static RequestException Refuse(string detail) => new(401, ProblemTypes.Unauthenticated, detail);
}
