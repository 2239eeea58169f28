using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using PersonaTune.Device.DependencyInjection;
using PersonaTune.Device.Federation;
using PersonaTune.Device.Storage;
using PersonaTune.Device.Tests.Storage;
using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Device.Tests.DependencyInjection;

public sealed class AddPersonaTuneFederationTests
{
    public static TheoryData<string, Action<PersonaTuneFederationOptions>> Problems => new()
    {
        { "Address is not set; expected the aggregator's https address", options => options.Address = null },
        { "Address is 'http://example.org/'; expected an absolute https address (http only to this machine)", options => options.Address = new Uri("http://example.org") },
        { "Address is 'relative'; expected an absolute https address", options => options.Address = new Uri("relative", UriKind.Relative) },
        { "Address is 'https://example.org/api'; expected an address without path and query", options => options.Address = new Uri("https://example.org/api") },
        { "AuthorityAddress is 'ftp://example.org/'; expected", options => options.AuthorityAddress = new Uri("ftp://example.org") },
        { "AuthorityCertificate is not set; expected", options => options.AuthorityCertificate = default },
        { "AuthorityCertificate has 3 bytes and is refused", options => options.AuthorityCertificate = new byte[3] },
        { "AuthorityCertificate has", options => options.AuthorityCertificate = Certificate(authority: false) },
        { "ServerKey is not set; expected an uncompressed point of P-256, 65 bytes", options => options.ServerKey = default },
        { "ServerKey has 65 bytes and is no point of P-256", options => options.ServerKey = new byte[65] },
        { "OperatorKeys is empty; expected", options => options.OperatorKeys = [] },
        { "OperatorKeys[1] has 64 bytes and is no point of P-256", options => options.OperatorKeys = [Key(), new byte[64]] },
        { "Attestation is not set and no IAttestationProvider was registered before", options => options.Attestation = null },
        { "StoreFolder is empty and no SealedStore was registered before", options => options.StoreFolder = " " },
        { "KeyProtector is not set and no SealedStore was registered before", options => options.KeyProtector = null },
        { "User is empty; expected a name", options => options.User = "" },
        { "Collection is empty; expected a name", options => options.Collection = "" },
        { "TotalEpsilon is 0; expected a finite number above 0", options => options.TotalEpsilon = 0 },
        { "TotalEpsilon is NaN; expected", options => options.TotalEpsilon = double.NaN },
        { "EpsilonPerDay is -1; expected a finite number above 0, or null", options => options.EpsilonPerDay = -1 },
        { "EpsilonPerDay is NaN; expected", options => options.EpsilonPerDay = double.NaN },
        { "MinimumCorruptPpm is 1000001; expected 0 to 1000000", options => options.MinimumCorruptPpm = 1_000_001 },
        { "Policy.is null", options => options.Policy = null! },
        { "Policy.MaximumEpsilon is Infinity; expected a finite number above 0", options => options.Policy = new FederatedPolicy { MaximumEpsilon = double.PositiveInfinity } },
        { "Policy.MaximumDelta is 1; expected above 0 and below 1", options => options.Policy = new FederatedPolicy { MaximumDelta = 1 } },
        { "Policy.MinimumCohort is 1; expected at least 2", options => options.Policy = new FederatedPolicy { MinimumCohort = 1 } },
        { "Policy.MinimumExamples is 0; expected at least 1", options => options.Policy = new FederatedPolicy { MinimumExamples = 0 } },
        { "Policy.MinimumSeparation is -00:00:01; expected zero or more", options => options.Policy = new FederatedPolicy { MinimumSeparation = TimeSpan.FromSeconds(-1) } },
        { "Policy.PrivacyKinds is empty; expected at least one kind", options => options.Policy = new FederatedPolicy { PrivacyKinds = [] } },
        { "Policy.PrivacyKinds holds 99; expected members of PrivacyKind", options => options.Policy = new FederatedPolicy { PrivacyKinds = [(PrivacyKind)99] } },
        { "Connection.is null", options => options.Connection = null! },
        { "Connection.Audience is empty; expected the service's name", options => options.Connection.Audience = "" },
        { "Connection.MaximumRetries is -1; expected 0 to 100", options => options.Connection.MaximumRetries = -1 },
        { "Connection.FirstPause is 00:00:00; expected above zero", options => options.Connection.FirstPause = TimeSpan.Zero },
        { "Connection.LongPoll is 00:00:31; expected above zero, at most 30 seconds", options => options.Connection.LongPoll = TimeSpan.FromSeconds(31) },
        { "Connection.MaximumAnswer is 5; expected at least 65536 bytes", options => options.Connection.MaximumAnswer = 5 },
        { "Connection.MaximumPause is 02:00:00; expected above zero, at most one hour", options => options.Connection.MaximumPause = TimeSpan.FromHours(2) },
    };

    [Theory]
    [MemberData(nameof(Problems))]
    public void Each_problem_of_the_options_is_named_with_its_value_and_what_is_expected(string expected, Action<PersonaTuneFederationOptions> spoil)
    {
        using var folder = new StoreFolder();
        using var provider = new ServiceCollection().AddPersonaTuneFederation(options =>
        {
            Configure(options, folder);
            spoil(options);
        }).BuildServiceProvider();
        var error = Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IStartupValidator>().Validate());
        Assert.Contains(expected, Assert.Single(error.Failures), StringComparison.Ordinal);
        Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<FederatedClientSource>());
    }

    [Fact]
    public void All_problems_are_named_at_once()
    {
        using var provider = new ServiceCollection().AddPersonaTuneFederation(_ => { }).BuildServiceProvider();
        var error = Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<FederatedClientSource>());
        foreach (var name in new[] { "Address", "AuthorityCertificate", "ServerKey", "OperatorKeys", "Attestation", "StoreFolder", "KeyProtector" })
            Assert.Contains(error.Failures, failure => failure.StartsWith(name, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_store_and_an_attestation_of_the_application_are_taken_and_making_the_source_needs_no_network()
    {
        using var folder = new StoreFolder();
        await using var store = await folder.OpenAsync();
        var attestation = new TokenAttestationProvider("token");
        var services = new ServiceCollection().AddSingleton(store).AddSingleton<IAttestationProvider>(attestation);
        services.AddPersonaTuneFederation(options =>
        {
            Configure(options, folder);
            (options.StoreFolder, options.KeyProtector, options.Attestation) = ("", null, null);
        });
        using var provider = services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
        provider.GetRequiredService<IStartupValidator>().Validate();
        var source = provider.GetRequiredService<FederatedClientSource>();
        Assert.Same(source, provider.GetRequiredService<FederatedClientSource>());
        Assert.Same(store, provider.GetRequiredService<SealedStore>());
        Assert.Same(attestation, provider.GetRequiredService<IAttestationProvider>());
        Assert.Empty(await source.ListParticipationsAsync());
        Assert.Equal(0, (await source.GetBudgetAsync()).Spends);
    }

    private static void Configure(PersonaTuneFederationOptions options, StoreFolder folder)
    {
        options.Address = new Uri("https://127.0.0.1:1");
        options.AuthorityCertificate = Certificate(authority: true);
        options.ServerKey = Key();
        options.OperatorKeys = [Key()];
        options.Attestation = _ => new TokenAttestationProvider("token");
        options.StoreFolder = folder.Store;
        options.KeyProtector = _ => StoreFolder.Passphrase();
    }

    private static byte[] Key()
    {
        using var identity = IdentityKey.Generate();
        return identity.PublicKey.ToArray();
    }

    private static byte[] Certificate(bool authority)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(authority, false, 0, true));
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        return certificate.RawData;
    }
}
