using System.Text;
using PersonaTune.Privacy.Signing;

namespace PersonaTune.Privacy.Tests.Signing;

public sealed class TrustStoreTests : IDisposable
{
    private static readonly TrustStore Store = TestBundles.Store with
    {
        Roots = [TestCertificates.Root.RawData],
        RevokedKeys = [Sha256Digest.Of("b"u8), Sha256Digest.Of("a"u8), Sha256Digest.Of("b"u8)],
        RevokedAdapters = ["b", "a"],
        MinimumVersions = new Dictionary<string, long>(StringComparer.Ordinal) { ["z"] = 3, ["a"] = 1 },
    };

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("personatune-trust-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void A_store_survives_its_encoding()
    {
        var path = Path.Combine(_folder.FullName, "trust.json");
        Store.Save(path);
        var loaded = TrustStore.Load(path);
        Assert.Equal(Store.Encode(), loaded.Encode());
        Assert.Equal(["a", "b"], loaded.RevokedAdapters);
        Assert.Equal(2, loaded.RevokedKeys.Count);
        Assert.Equal(3, loaded.MinimumVersions["z"]);
        Assert.Equal(TestCertificates.Root.RawData, loaded.Roots.Single().ToArray());
        Assert.Equal(Store.PinnedKeys, loaded.PinnedKeys);
        Assert.Equal("com.example.keyboard", loaded.Audience);
    }

    [Theory]
    [InlineData("\"revokedAdapters\":[\"a\",\"b\"]", "\"revokedAdapters\":[\"b\",\"a\"]", SigningFault.NonCanonical)]
    [InlineData("\"revokedAdapters\":[\"a\",\"b\"]", "\"revokedAdapters\":[\"a\",\"a\"]", SigningFault.NonCanonical)]
    [InlineData("\"revokedAdapters\":[\"a\",\"b\"]", "\"revokedAdapters\":[1]", SigningFault.Malformed)]
    [InlineData("\"revokedAdapters\":[\"a\",\"b\"]", "\"revokedAdapters\":[\"a/b\"]", SigningFault.Malformed)]
    [InlineData("{\"audience\"", "{ \"audience\"", SigningFault.NonCanonical)]
    [InlineData("ptad-trust/1", "ptad-trust/2", SigningFault.UnsupportedVersion)]
    [InlineData("\"a\":1", "\"a\":0", SigningFault.Malformed)]
    [InlineData("\"a\":1", "\"a\":\"1\"", SigningFault.Malformed)]
    [InlineData("\"roots\":[\"", "\"roots\":[\"!", SigningFault.Malformed)]
    [InlineData("\"roots\":[\"", "\"roots\":[\"AAAA\",\"", SigningFault.Malformed)]
    [InlineData("\"pinnedKeys\":[\"", "\"pinnedKeys\":[\"00\",\"", SigningFault.Malformed)]
    [InlineData("\"pinnedKeys\"", "\"pinnedKey\"", SigningFault.Malformed)]
    [InlineData("com.example.keyboard", "", SigningFault.Malformed)]
    public void A_store_in_another_form_is_refused(string original, string replacement, SigningFault expected)
    {
        var text = Encoding.UTF8.GetString(Store.Encode());
        Assert.Contains(original, text, StringComparison.Ordinal);
        var altered = Encoding.UTF8.GetBytes(text.Replace(original, replacement, StringComparison.Ordinal));
        Assert.Equal(expected, Assert.Throws<SigningException>(() => TrustStore.Parse(altered)).Fault);
    }

    [Fact]
    public void A_large_store_is_refused() =>
        Assert.Equal(SigningFault.TooLarge, Assert.Throws<SigningException>(() => TrustStore.Parse(new byte[(1 << 20) + 1])).Fault);

    [Fact]
    public void A_trust_state_survives_its_process()
    {
        var path = Path.Combine(_folder.FullName, "state.json");
        var first = new AcceptedVersion(7, Sha256Digest.Of("m"u8));
        var state = new FileTrustState(path);
        Assert.Null(state.Find("a"));
        state.Record("a", first);
        state.Record("b", new AcceptedVersion(1, default));
        state.Record("a", first with { Version = 9 });
        var reloaded = new FileTrustState(path);
        Assert.Equal(first with { Version = 9 }, reloaded.Find("a"));
        Assert.Equal(new AcceptedVersion(1, default), reloaded.Find("b"));
        Assert.Equal(["state.json"], _folder.GetFiles().Select(f => f.Name));
    }

    [Fact]
    public void An_older_bundle_is_refused_after_a_restart()
    {
        var path = Path.Combine(_folder.FullName, "state.json");
        Assert.NotEmpty(TestBundles.Read(TestBundles.Write(), TestBundles.Verifier(state: new FileTrustState(path))));
        var old = TestBundles.Write(TestBundles.Manifest() with { Version = 6 });
        Assert.Equal(SigningFault.Rollback, TestBundles.Refused(old, TestBundles.Verifier(state: new FileTrustState(path))));
    }

    [Theory]
    [InlineData("", SigningFault.Malformed)]
    [InlineData("{\"adapters\":{},\"format\":\"ptad-state/2\"}", SigningFault.UnsupportedVersion)]
    [InlineData("{\"adapters\":{},\"format\":\"ptad-state/1\"} ", SigningFault.NonCanonical)]
    [InlineData("{\"adapters\":{\"a\":{\"manifest\":\"00\",\"version\":1}},\"format\":\"ptad-state/1\"}", SigningFault.Malformed)]
    [InlineData("{\"adapters\":{\"a\":{\"version\":1}},\"format\":\"ptad-state/1\"}", SigningFault.Malformed)]
    public void A_damaged_trust_state_is_refused_and_kept(string content, SigningFault expected)
    {
        var path = Path.Combine(_folder.FullName, "state.json");
        File.WriteAllText(path, content);
        Assert.Equal(expected, Assert.Throws<SigningException>(() => new FileTrustState(path)).Fault);
        Assert.Equal(content, File.ReadAllText(path));
    }
}
