using PersonaTune.Privacy.Signing;

namespace PersonaTune.Privacy.Tests.Signing;

public class BundlePolicyTests
{
    [Fact]
    public void Another_audience_is_refused() => Assert.Equal(SigningFault.WrongAudience,
        TestBundles.Refused(TestBundles.Write(TestBundles.Manifest() with { Audience = "com.example.notes" })));

    [Fact]
    public void A_manifest_outside_its_validity_is_refused()
    {
        var manifest = TestBundles.Manifest();
        var bundle = TestBundles.Write(manifest);
        Assert.Equal(SigningFault.NotYetValid, TestBundles.Refused(bundle, TestBundles.Verifier(now: manifest.NotBefore.AddSeconds(-1))));
        Assert.Equal(SigningFault.Expired, TestBundles.Refused(bundle, TestBundles.Verifier(now: manifest.NotAfter.AddSeconds(1))));
        Assert.NotEmpty(TestBundles.Read(bundle, TestBundles.Verifier(now: manifest.NotBefore)));
        Assert.NotEmpty(TestBundles.Read(bundle, TestBundles.Verifier(now: manifest.NotAfter)));
    }

    [Fact]
    public void A_revoked_adapter_is_refused() => Assert.Equal(SigningFault.RevokedAdapter,
        TestBundles.Refused(TestBundles.Write(), TestBundles.Verifier(TestBundles.Store with { RevokedAdapters = ["other", "style.en"] })));

    [Fact]
    public void A_version_below_the_least_is_refused()
    {
        var store = TestBundles.Store with { MinimumVersions = new Dictionary<string, long>(StringComparer.Ordinal) { ["style.en"] = 8 } };
        Assert.Equal(SigningFault.Rollback, TestBundles.Refused(TestBundles.Write(), TestBundles.Verifier(store)));
        Assert.NotEmpty(TestBundles.Read(TestBundles.Write(TestBundles.Manifest() with { Version = 8 }), TestBundles.Verifier(store)));
    }

    [Fact]
    public void An_older_version_than_an_accepted_one_is_refused()
    {
        var verifier = TestBundles.Verifier();
        var (old, current) = (TestBundles.Write(TestBundles.Manifest() with { Version = 6 }), TestBundles.Write());
        Assert.NotEmpty(TestBundles.Read(old, verifier));
        Assert.NotEmpty(TestBundles.Read(current, verifier));
        Assert.NotEmpty(TestBundles.Read(current, verifier)); // the same again
        Assert.Equal(SigningFault.Rollback, TestBundles.Refused(old, verifier));
        Assert.NotEmpty(TestBundles.Read(TestBundles.Write(TestBundles.Manifest() with { AdapterId = "style.fr", Version = 1 }), verifier));
    }

    [Fact]
    public void Two_bundles_cannot_share_a_version()
    {
        var verifier = TestBundles.Verifier();
        Assert.NotEmpty(TestBundles.Read(TestBundles.Write(), verifier));
        Assert.Equal(SigningFault.Conflict, TestBundles.Refused(TestBundles.Write(payload: TestBundles.Payload(seed: 2)), verifier));
    }

    [Fact]
    public void A_bundle_whose_payload_is_refused_does_not_raise_the_floor()
    {
        var state = new MemoryTrustState();
        var verifier = TestBundles.Verifier(state: state);
        var newer = TestBundles.Write(TestBundles.Manifest() with { Version = 8 });
        newer[^1] ^= 1;
        Assert.Equal(SigningFault.TensorAltered, TestBundles.Refused(newer, verifier));
        Assert.Null(state.Find("style.en"));
        using (BundleReader.Open(new MemoryStream(TestBundles.Write()), verifier)) Assert.Null(state.Find("style.en")); // opened, not read
        Assert.NotEmpty(TestBundles.Read(TestBundles.Write(), verifier));
        Assert.Equal(new AcceptedVersion(7, Sha256Digest.Of(TestBundles.Manifest().Encode())), state.Find("style.en"));
    }

    [Fact]
    public void A_newer_version_that_was_accepted_meanwhile_wins()
    {
        var verifier = TestBundles.Verifier();
        using var reader = BundleReader.Open(new MemoryStream(TestBundles.Write()), verifier);
        Assert.NotEmpty(TestBundles.Read(TestBundles.Write(TestBundles.Manifest() with { Version = 8 }), verifier));
        Assert.Equal(SigningFault.Rollback, Assert.Throws<SigningException>(() => reader.ReadPayload()).Fault);
    }
}
