using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Tests.Running;

namespace PersonaTune.Cli.Tests.Serving;

/// <summary><c>serve</c> at an https address.</summary>
public sealed class ServeTests : IDisposable
{
    private const string Password = "not a secret";
    private readonly TemporaryFolder _folder = new();
    private readonly X509Certificate2 _certificate;

    public ServeTests()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        _certificate = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddMinutes(-5), TimeProvider.System.GetUtcNow().AddHours(1));
        File.WriteAllBytes(_folder["tls.pfx"], _certificate.Export(X509ContentType.Pfx, Password));
        File.WriteAllBytes(_folder["keyless.pfx"], X509CertificateLoader.LoadCertificate(_certificate.RawData).Export(X509ContentType.Pfx));
        File.WriteAllText(_folder["text.pfx"], "no certificate");
    }

    public void Dispose()
    {
        _certificate.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Answers_over_tls_with_the_given_certificate()
    {
        using var process = ToolProcess.Start(
            ["serve", "--init", "--folder", _folder["aggregator"], "--url", "https://127.0.0.1:0", "--certificate", _folder["tls.pfx"]],
            new Dictionary<string, string> { ["PERSONATUNE_CERTIFICATE_PASSWORD"] = Password });
        try
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
            var line = await process.StandardOutput.ReadLineAsync(limit.Token);
            Assert.NotNull(line);
            var address = new Uri(line[line.IndexOf("https://", StringComparison.Ordinal)..]);
            using var handler = new SocketsHttpHandler();
            handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { _certificate }, RevocationMode = X509RevocationMode.NoCheck };
            using var http = new HttpClient(handler) { BaseAddress = address, DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
            using var answer = await http.GetAsync("/health/live", limit.Token);
            Assert.Equal((HttpStatusCode.OK, HttpVersion.Version20), (answer.StatusCode, answer.Version));
        }
        finally
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }
    }

    [Fact]
    public async Task An_https_address_without_a_certificate_is_refused_before_anything_is_made()
    {
        var result = await ToolRun.RunAsync("serve", "--init", "--folder", _folder["aggregator"], "--url", "https://127.0.0.1:0");
        Assert.Contains("needs --certificate", result.Expect(ExitCode.Usage).Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["aggregator"]));
    }

    [Theory]
    [InlineData("missing.pfx", null, "no such file")]
    [InlineData("text.pfx", null, "without a password")]
    [InlineData("tls.pfx", "wrong", "with the password in PERSONATUNE_CERTIFICATE_PASSWORD")]
    [InlineData("keyless.pfx", null, "without its key")]
    public async Task A_certificate_that_cannot_serve_is_refused_before_anything_is_made(string file, string? password, string problem)
    {
        var environment = password is null ? null : new Dictionary<string, string> { ["PERSONATUNE_CERTIFICATE_PASSWORD"] = password };
        var result = await ToolRun.RunAsync(["serve", "--init", "--folder", _folder["aggregator"], "--url", "https://127.0.0.1:0", "--certificate", _folder[file]], environment, null, CancellationToken.None);
        Assert.Contains(problem, result.Expect(ExitCode.BadInput).Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["aggregator"]));
    }
}
