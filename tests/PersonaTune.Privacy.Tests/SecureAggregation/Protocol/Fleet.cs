using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using PersonaTune.Privacy.SecureAggregation.Identity;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Protocol;

/// <summary>An enrolment authority and devices with certificates, made once for the whole test run. Thread-safe.</summary>
internal static class Fleet
{
    public static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly Lock Lock = new();
    private static readonly List<(byte[] Key, byte[] Certificate)> Devices = [];

    public static X509Certificate2 Root { get; } = CreateRoot("enrolment");

    /// <summary>Device number <paramref name="index"/>, with a key object of its own.</summary>
    public static IdentityKey Device(int index)
    {
        byte[] key, certificate;
        lock (Lock)
        {
            while (Devices.Count <= index)
            {
                using var fresh = ECDsa.Create(ECCurve.NamedCurves.nistP256);
                Devices.Add((fresh.ExportECPrivateKey(), Issue(Root, fresh)));
            }

            (key, certificate) = Devices[index];
        }

        var identity = ECDsa.Create();
        identity.ImportECPrivateKey(key, out _);
        return new IdentityKey(identity, certificate);
    }

    public static X509Certificate2 CreateRoot(string name)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        return request.CreateSelfSigned(Now.AddYears(-1), Now.AddYears(5));
    }

    public static byte[] Issue(X509Certificate2 root, ECDsa key, Action<CertificateRequest>? change = null, HashAlgorithmName? hash = null)
    {
        var request = new CertificateRequest("CN=device", key, hash ?? HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        change?.Invoke(request);
        using var certificate = request.Create(root, Now.AddDays(-1), Now.AddDays(30), RandomNumberGenerator.GetBytes(12));
        return certificate.RawData;
    }
}
