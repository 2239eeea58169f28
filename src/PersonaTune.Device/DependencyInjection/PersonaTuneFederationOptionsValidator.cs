using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Options;
using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Privacy.SecureAggregation.Identity;

namespace PersonaTune.Device.DependencyInjection;

/// <summary>Names every problem of the options at once. Written by hand, so that nothing needs reflection.</summary>
/// <param name="ownsStore">Whether the store is made from these options.</param>
/// <param name="ownsAttestation">Whether the attestation is made from these options.</param>
internal sealed class PersonaTuneFederationOptionsValidator(bool ownsStore, bool ownsAttestation) : IValidateOptions<PersonaTuneFederationOptions>
{
    public ValidateOptionsResult Validate(string? name, PersonaTuneFederationOptions options)
    {
        var problems = new List<string>();
        void Check(bool holds, FormattableString problem)
        {
            if (!holds) problems.Add(problem.ToString(CultureInfo.InvariantCulture));
        }

        if (options.Address is null) problems.Add($"{nameof(options.Address)} is not set; expected the aggregator's https address");
        else CheckAddress(problems, nameof(options.Address), options.Address);
        if (options.AuthorityAddress is { } authority) CheckAddress(problems, nameof(options.AuthorityAddress), authority);
        CheckAuthority(problems, options.AuthorityCertificate);
        CheckKey(problems, nameof(options.ServerKey), options.ServerKey);
        if (options.OperatorKeys is not { Count: > 0 }) problems.Add($"{nameof(options.OperatorKeys)} is empty; expected the public key of each operator who may sign tasks and releases");
        for (var i = 0; i < (options.OperatorKeys?.Count ?? 0); i++) CheckKey(problems, $"{nameof(options.OperatorKeys)}[{i}]", options.OperatorKeys![i]);
        if (ownsAttestation && options.Attestation is null)
            problems.Add($"{nameof(options.Attestation)} is not set and no IAttestationProvider was registered before; give one, for example a TokenAttestationProvider");
        if (ownsStore && string.IsNullOrWhiteSpace(options.StoreFolder))
            problems.Add($"{nameof(options.StoreFolder)} is empty and no SealedStore was registered before; set it to a folder that only this application writes");
        if (ownsStore && options.KeyProtector is null)
            problems.Add($"{nameof(options.KeyProtector)} is not set and no SealedStore was registered before; choose a passphrase, a key file or the platform's keystore");
        Check(!string.IsNullOrWhiteSpace(options.User), $"{nameof(options.User)} is empty; expected a name");
        Check(!string.IsNullOrWhiteSpace(options.Collection), $"{nameof(options.Collection)} is empty; expected a name");
        Check(options.TotalEpsilon > 0 && double.IsFinite(options.TotalEpsilon), $"{nameof(options.TotalEpsilon)} is {options.TotalEpsilon}; expected a finite number above 0");
        Check(options.EpsilonPerDay is null or > 0 && double.IsFinite(options.EpsilonPerDay ?? 0), $"{nameof(options.EpsilonPerDay)} is {options.EpsilonPerDay}; expected a finite number above 0, or null");
        Check(options.MinimumCorruptPpm is >= 0 and <= 1_000_000, $"{nameof(options.MinimumCorruptPpm)} is {options.MinimumCorruptPpm}; expected 0 to 1000000 parts per million");
        problems.AddRange((options.Policy?.Validate() ?? ["is null"]).Select(p => $"{nameof(options.Policy)}.{p}"));
        problems.AddRange((options.Connection?.Validate() ?? ["is null"]).Select(p => $"{nameof(options.Connection)}.{p}"));
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private static void CheckAddress(List<string> problems, string name, Uri address)
    {
        var usable = address.IsAbsoluteUri && (address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback));
        if (!usable) problems.Add($"{name} is '{address}'; expected an absolute https address (http only to this machine)");
        // Requests name absolute paths: a path of the address would be dropped without a word.
        else if (address.AbsolutePath != "/" || address.Query.Length > 0) problems.Add($"{name} is '{address}'; expected an address without path and query");
    }

    private static void CheckAuthority(List<string> problems, ReadOnlyMemory<byte> certificate)
    {
        const string Name = nameof(PersonaTuneFederationOptions.AuthorityCertificate);
        if (certificate.IsEmpty)
        {
            problems.Add($"{Name} is not set; expected the pinned certificate of the enrolment authority, DER");
            return;
        }

        try
        {
            using var root = X509CertificateLoader.LoadCertificate(certificate.Span);
            using var authority = new EnrolmentAuthority(root);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            problems.Add($"{Name} has {certificate.Length} bytes and is refused ({e.Message}); expected an authority's certificate on P-256, DER");
        }
    }

    private static void CheckKey(List<string> problems, string name, ReadOnlyMemory<byte> key)
    {
        if (key.IsEmpty)
        {
            problems.Add($"{name} is not set; expected an uncompressed point of P-256, 65 bytes");
            return;
        }

        try
        {
            using var verifier = new VerificationKey(key.Span);
        }
        catch (InvalidPointException)
        {
            problems.Add($"{name} has {key.Length} bytes and is no point of P-256; expected an uncompressed one, 65 bytes");
        }
    }
}
