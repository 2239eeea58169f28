using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Privacy.Signing;
using PersonaTune.Protocol.Tasks;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Aggregator.Tests;

/// <summary>A deployment's keys, and devices enrolled with its authority.</summary>
internal sealed class TestKeys : IDisposable
{
    private readonly ECDsa _root = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _certificate;

    public TestKeys()
    {
        var request = new CertificateRequest("CN=test authority", _root, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        _certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        using var server = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var operatorKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Keys = new AggregatorKeys(server.ExportPkcs8PrivateKey(), operatorKey.ExportPkcs8PrivateKey(), _certificate.RawData);
    }

    public AggregatorKeys Keys { get; }

    public IdentityKey Device()
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=device", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        using var certificate = request.Create(_certificate, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(90), RandomNumberGenerator.GetBytes(16));
        return new IdentityKey(key, certificate.RawData);
    }

    public ReadOnlyMemory<byte> Sign(TaskDefinition task)
    {
        using var signer = Keys.OperatorSigner();
        return SignedEnvelope.Create(signer, TaskDefinition.SigningContext, JsonSerializer.SerializeToUtf8Bytes(task, ProtocolJson.Default.TaskDefinition)).Encode();
    }

    public void Dispose()
    {
        _certificate.Dispose();
        _root.Dispose();
    }
}
