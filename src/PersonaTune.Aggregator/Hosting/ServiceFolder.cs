using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using PersonaTune.Privacy.Signing;

namespace PersonaTune.Aggregator.Hosting;

/// <summary>
/// The keys of a deployment in a folder: the authority's certificate and key, the aggregator's identity, the operator's signing key and token, and an enrolment token. Files are
/// readable by their owner only and are never overwritten. In production the authority's key belongs to another machine.
/// </summary>
public sealed class ServiceFolder
{
    private const string AuthorityFile = "authority.pfx", AuthorityCertificateFile = "authority.cer", ServerFile = "server.key", OperatorFile = "operator.key",
        OperatorTokenFile = "operator.token", EnrolmentTokenFile = "enrolment.token";

    private ServiceFolder(string path) => Path = path;

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>The operator's bearer token.</summary>
    public string OperatorToken => ReadText(OperatorTokenFile);

    /// <summary>The enrolment token that applications give their users; an authority without one takes other attestations only.</summary>
    public string? EnrolmentToken => File.Exists(At(EnrolmentTokenFile)) ? ReadText(EnrolmentTokenFile) : null;

    /// <summary>Whether the authority's key lies here.</summary>
    public bool HasAuthority => File.Exists(At(AuthorityFile));

    /// <summary>Opens a folder, and makes what is missing when <paramref name="create"/> says so.</summary>
    /// <exception cref="InvalidOperationException">A file is missing.</exception>
    public static ServiceFolder Open(string path, bool create)
    {
        var folder = new ServiceFolder(System.IO.Path.GetFullPath(path));
        if (create) folder.Create();
        foreach (var file in (string[])[AuthorityCertificateFile, ServerFile, OperatorFile, OperatorTokenFile])
        {
            if (!File.Exists(folder.At(file)))
                throw new InvalidOperationException($"'{folder.At(file)}' does not exist; run 'personatune serve --init' once, or copy it from the first node");
        }

        return folder;
    }

    /// <summary>The keys that a node of the aggregator needs.</summary>
    public AggregatorKeys Keys() => new(File.ReadAllBytes(At(ServerFile)), File.ReadAllBytes(At(OperatorFile)), File.ReadAllBytes(At(AuthorityCertificateFile)));

    /// <summary>The operator's signer; dispose it.</summary>
    public EcdsaEnvelopeSigner OperatorSigner() => Keys().OperatorSigner();

    /// <summary>The authority's certificate with its key; dispose it.</summary>
    public X509Certificate2 Authority() => X509CertificateLoader.LoadPkcs12(File.ReadAllBytes(At(AuthorityFile)), null, X509KeyStorageFlags.EphemeralKeySet | X509KeyStorageFlags.Exportable);

    private void Create()
    {
        Directory.CreateDirectory(Path);
        if (!File.Exists(At(AuthorityCertificateFile)))
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest("CN=PersonaTune enrolment authority", key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, 0, critical: true));
            request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
            var now = TimeProvider.System.GetUtcNow();
            using var certificate = request.CreateSelfSigned(now - TimeSpan.FromDays(1), now + TimeSpan.FromDays(3650));
            Write(AuthorityFile, certificate.Export(X509ContentType.Pkcs12));
            Write(AuthorityCertificateFile, certificate.RawData);
        }

        foreach (var file in (string[])[ServerFile, OperatorFile])
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            if (!File.Exists(At(file))) Write(file, key.ExportPkcs8PrivateKey());
        }

        foreach (var file in (string[])[OperatorTokenFile, EnrolmentTokenFile])
            if (!File.Exists(At(file))) Write(file, Encoding.ASCII.GetBytes(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32))));
    }

    private string At(string file) => System.IO.Path.Combine(Path, file);

    private string ReadText(string file) => File.ReadAllText(At(file)).Trim();

    private void Write(string file, ReadOnlySpan<byte> content)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var stream = new FileStream(At(file), options);
        stream.Write(content);
        stream.Flush(flushToDisk: true);
    }
}
