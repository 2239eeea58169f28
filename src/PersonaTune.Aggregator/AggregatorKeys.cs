using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Privacy.Signing;

namespace PersonaTune.Aggregator;

/// <summary>
/// The keys of a deployment, the same on every node: the aggregator's identity in rounds, the operator's key that signs tasks and releases, and the certificate of the
/// enrolment authority, whose key lives elsewhere. Thread-safe: every call gives an object of its own.
/// </summary>
public sealed class AggregatorKeys
{
    private readonly byte[] _server;
    private readonly byte[] _operator;
    private readonly byte[] _authority;

    /// <summary>Takes the keys.</summary>
    /// <param name="server">The identity key, PKCS #8.</param>
    /// <param name="operatorKey">The operator's key, PKCS #8.</param>
    /// <param name="authority">The authority's certificate, DER.</param>
    /// <exception cref="CryptographicException">One of them is not what it should be.</exception>
    public AggregatorKeys(ReadOnlySpan<byte> server, ReadOnlySpan<byte> operatorKey, ReadOnlySpan<byte> authority)
    {
        (_server, _operator, _authority) = (server.ToArray(), operatorKey.ToArray(), authority.ToArray());
        using var identity = ServerKey();
        ServerPublicKey = identity.PublicKey.ToArray();
        using var signer = OperatorSigner();
        OperatorPublicKey = signer.PublicKey.ToArray();
        using var certificates = Authority();
    }

    /// <summary>The identity's public key: 65 bytes.</summary>
    public ReadOnlyMemory<byte> ServerPublicKey { get; }

    /// <summary>The operator's public key: 65 bytes.</summary>
    public ReadOnlyMemory<byte> OperatorPublicKey { get; }

    /// <summary>The authority's certificate, DER.</summary>
    public ReadOnlyMemory<byte> AuthorityCertificate => _authority;

    /// <summary>The identity; dispose it.</summary>
    public IdentityKey ServerKey() => new(Import(_server));

    /// <summary>The operator's signer; dispose it.</summary>
    public EcdsaEnvelopeSigner OperatorSigner() => new(Import(_operator));

    /// <summary>Checks device certificates; dispose it.</summary>
    public EnrolmentAuthority Authority()
    {
        using var root = X509CertificateLoader.LoadCertificate(_authority);
        return new EnrolmentAuthority(root);
    }

    private static ECDsa Import(byte[] pkcs8)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportPkcs8PrivateKey(pkcs8, out _);
            return key;
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }
}
