using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using PersonaTune.Aggregator.Rounds;
using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Protocol.Enrolment;
using PersonaTune.Protocol.Problems;
using PersonaTune.Protocol.Requests;

namespace PersonaTune.Aggregator.Enrolment;

/// <summary>
/// The enrolment authority: it issues short-lived certificates for identity keys that prove possession and attestation. Run it apart from the aggregator in production: whoever can enrol
/// devices can fill a cohort with his own. Thread-safe.
/// </summary>
public sealed class EnrolmentService : IDisposable
{
    private const int NonceLength = 32;
    private readonly X509Certificate2 _authority;
    private readonly AuthorityOptions _options;
    private readonly IReadOnlyList<IAttestationVerifier> _verifiers;
    private readonly string _audience;
    private readonly TimeProvider _time;
    private readonly byte[] _challengeKey;
    private readonly IEnrolmentRegister _register;
    private readonly ConcurrentDictionary<string, long> _used = new(StringComparer.Ordinal);

    /// <summary>An authority. <paramref name="authority"/> holds its certificate and key and stays the caller's.</summary>
    public EnrolmentService(X509Certificate2 authority, AuthorityOptions options, IEnumerable<IAttestationVerifier> verifiers, IEnrolmentRegister register, string audience, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(authority);
        ArgumentNullException.ThrowIfNull(options);
        if (!authority.HasPrivateKey) throw new ArgumentException("the authority's certificate comes without its key", nameof(authority));
        (_authority, _options, _verifiers, _register, _audience, _time) = (authority, options, [.. verifiers], register, audience, time);
        // From the authority's key, so that every node knows the challenges of the others.
        using var key = authority.GetECDsaPrivateKey() ?? throw new ArgumentException("the authority's key is not an elliptic-curve key", nameof(authority));
        var secret = key.ExportParameters(includePrivateParameters: true).D!;
        _challengeKey = HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, 32, info: "PersonaTune/enrolment challenge/1"u8.ToArray());
        CryptographicOperations.ZeroMemory(secret);
    }

    /// <summary>A challenge: expiry, randomness and an authentication code, so that nothing is stored for those who never come back.</summary>
    public EnrolmentChallenge Challenge()
    {
        var expires = _time.GetUtcNow() + TimeSpan.FromSeconds(_options.ChallengeSeconds);
        var nonce = new byte[NonceLength];
        BinaryPrimitives.WriteInt64BigEndian(nonce, expires.ToUnixTimeMilliseconds());
        RandomNumberGenerator.Fill(nonce.AsSpan(8, 8));
        HMACSHA256.HashData(_challengeKey, nonce.AsSpan(0, 16)).AsSpan(0, 16).CopyTo(nonce.AsSpan(16));
        return new EnrolmentChallenge(nonce, expires);
    }

    /// <summary>Issues a certificate.</summary>
    /// <exception cref="RequestException">The challenge, the proof of possession or the attestation is refused, or the quota is used up.</exception>
    public async Task<EnrolmentResponse> EnrolAsync(EnrolmentRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        CheckChallenge(request.Nonce.Span);
        VerificationKey key;
        try
        {
            key = new VerificationKey(request.PublicKey.Span);
        }
        catch (Privacy.SecureAggregation.InvalidPointException e)
        {
            throw new RequestException(400, ProblemTypes.Malformed, $"the public key is refused: {e.Message}");
        }

        using (key)
        {
            var message = SignedRequest.EnrolmentMessage(_audience, request.PublicKey.Span, request.Nonce.Span, request.Attestation, request.Evidence.Span);
            if (!key.Verify(SHA256.HashData(message), request.Signature.Span))
                throw new RequestException(401, ProblemTypes.Unauthenticated, "the signature is not the key's over this enrolment; sign it for this audience");
            if (!_used.TryAdd(Convert.ToHexStringLower(request.Nonce.Span), BinaryPrimitives.ReadInt64BigEndian(request.Nonce.Span)))
                throw new RequestException(409, ProblemTypes.Replayed, "the challenge was used before; fetch another one");
            var name = _verifiers.FirstOrDefault(verifier => verifier.Kind == request.Attestation)?.Verify(request)
                ?? throw new RequestException(403, ProblemTypes.AttestationRefused, $"the attestation of kind '{request.Attestation}' is refused");
            if (!await _register.TryEnrolAsync(name, key.Id.ToString(), _options.KeysPerName, cancellationToken))
                throw new RequestException(403, ProblemTypes.AttestationRefused, $"this attestation has enrolled {_options.KeysPerName} keys, which is all it may");
        }

        return Issue(request.PublicKey.Span);
    }

    /// <inheritdoc/>
    public void Dispose() => CryptographicOperations.ZeroMemory(_challengeKey);

    private void CheckChallenge(ReadOnlySpan<byte> nonce)
    {
        var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
        foreach (var (used, expires) in _used)
            if (expires < now) _used.TryRemove(used, out _);
        if (nonce.Length != NonceLength || !CryptographicOperations.FixedTimeEquals(HMACSHA256.HashData(_challengeKey, nonce[..16]).AsSpan(0, 16), nonce[16..]))
            throw new RequestException(400, ProblemTypes.Malformed, "the challenge is not one of this authority; fetch one");
        if (BinaryPrimitives.ReadInt64BigEndian(nonce) < now) throw new RequestException(401, ProblemTypes.Stale, "the challenge has expired; fetch another one");
    }

    private EnrolmentResponse Issue(ReadOnlySpan<byte> publicKey)
    {
        var now = _time.GetUtcNow();
        var end = now + TimeSpan.FromHours(_options.CertificateHours);
        using var key = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint { X = publicKey[1..33].ToArray(), Y = publicKey[33..].ToArray() },
        });
        var request = new CertificateRequest("CN=PersonaTune device", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        // A little earlier than now: clocks differ.
        using var certificate = request.Create(_authority, now - TimeSpan.FromMinutes(5), end, RandomNumberGenerator.GetBytes(16));
        return new EnrolmentResponse(certificate.RawData, end);
    }
}
