using System.Security.Cryptography;
using PersonaTune.Device.Federation;
using PersonaTune.Protocol.Enrolment;
using PersonaTune.Protocol.Problems;
using PersonaTune.Protocol.Requests;

namespace PersonaTune.Aggregator.Tests.Enrolment;

/// <summary>Who gets a certificate, and who does not.</summary>
public sealed class EnrolmentTests
{
    [Fact]
    public async Task A_certificate_is_accepted_by_the_privacy_librarys_validator()
    {
        await using var service = await TestService.StartAsync();
        using var device = await service.EnrolAsync();
        using var authority = service.Keys.Keys().Authority();
        Assert.Equal(device.Id, authority.Validate(device.Certificate.Span, TimeProvider.System.GetUtcNow()).Id);
    }

    [Fact]
    public async Task A_token_enrols_as_many_keys_as_its_quota_and_no_more()
    {
        await using var service = await TestService.StartAsync(options => options.Authority.KeysPerName = 2);
        (await service.EnrolAsync()).Dispose();
        (await service.EnrolAsync()).Dispose();
        var refusal = await Assert.ThrowsAsync<AggregatorException>(service.EnrolAsync);
        Assert.Equal(ProblemTypes.AttestationRefused, refusal.Type);
    }

    [Theory]
    [InlineData("wrong token", ProblemTypes.AttestationRefused)]
    [InlineData("unknown attestation", ProblemTypes.AttestationRefused)]
    [InlineData("made-up challenge", ProblemTypes.Malformed)]
    [InlineData("challenge used before", ProblemTypes.Replayed)]
    [InlineData("no possession", ProblemTypes.Unauthenticated)]
    [InlineData("key not on the curve", ProblemTypes.Malformed)]
    public async Task An_enrolment_that_is_wrong_in_one_respect_is_refused_for_it(string wrong, string type)
    {
        await using var service = await TestService.StartAsync();
        var client = new AggregatorClient(service.Http, null);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var challenge = await client.GetChallengeAsync(CancellationToken.None);
        var nonce = wrong == "made-up challenge" ? new byte[32] : challenge.Nonce;
        var evidence = System.Text.Encoding.UTF8.GetBytes(wrong == "wrong token" ? "guess" : service.Keys.EnrolmentToken!);
        var kind = wrong == "unknown attestation" ? "trust me" : "token";
        var point = key.ExportParameters(false).Q;
        byte[] publicKey = [4, .. point.X!, .. point.Y!];
        if (wrong == "key not on the curve") publicKey[40] ^= 1;
        EnrolmentRequest Signed() => new(publicKey, nonce, kind, evidence, (wrong == "no possession" ? other : key).SignData(
            SignedRequest.EnrolmentMessage("personatune-aggregator", publicKey, nonce.Span, kind, evidence), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));
        if (wrong == "challenge used before") await client.EnrolAsync(Signed(), CancellationToken.None);
        Assert.Equal(type, (await Assert.ThrowsAsync<AggregatorException>(() => client.EnrolAsync(Signed(), CancellationToken.None))).Type);
    }
}
