using System.Text;
using PersonaTune.Privacy.Signing;

namespace PersonaTune.Privacy.Tests.Signing;

public class BundleManifestTests
{
    private static readonly string Canonical = Encoding.UTF8.GetString(TestBundles.Manifest().Encode());

    [Fact]
    public void Encoding_and_parsing_give_the_same_manifest()
    {
        var manifest = TestBundles.Manifest();
        var parsed = BundleManifest.Parse(manifest.Encode());
        Assert.Equal(manifest.Encode(), parsed.Encode());
        Assert.Equal(manifest.Lora.OrderBy(l => l.Key, StringComparer.Ordinal), parsed.Lora.OrderBy(l => l.Key, StringComparer.Ordinal));
        Assert.Equal(40, parsed.PayloadLength);
        Assert.Equal((manifest.NotBefore, manifest.NotAfter, manifest.PrivacyStatement), (parsed.NotBefore, parsed.NotAfter,
            parsed.PrivacyStatement));
        Assert.Equal(manifest.Tensors.Select(t => t with { Shape = [] }), parsed.Tensors.Select(t => t with { Shape = [] }));
        Assert.Equal(manifest.Tensors.SelectMany(t => t.Shape), parsed.Tensors.SelectMany(t => t.Shape));
    }

    [Fact]
    public void The_signed_form_is_the_documented_one() => Assert.StartsWith(
        "{\"adapterId\":\"style.en\",\"audience\":\"com.example.keyboard\",\"baseModel\":\"", Canonical, StringComparison.Ordinal);

    [Fact]
    public void An_empty_adapter_is_legal()
    {
        var manifest = TestBundles.Manifest() with { Tensors = [], Lora = new Dictionary<string, ManifestValue>(StringComparer.Ordinal) };
        Assert.Equal(0, BundleManifest.Parse(manifest.Encode()).PayloadLength);
    }

    [Theory]
    [InlineData("{\"adapterId\"", "{ \"adapterId\"", SigningFault.NonCanonical)]
    [InlineData("\"style.en\",\"audience\":\"com.example.keyboard\"",
        "\"style.en\",\"audience\":\"com.example.\\u006beyboard\"", SigningFault.NonCanonical)]
    [InlineData("\"adapterId\":\"style.en\",\"audience\":\"com.example.keyboard\"",
        "\"audience\":\"com.example.keyboard\",\"adapterId\":\"style.en\"", SigningFault.NonCanonical)]
    [InlineData("\"version\":7", "\"version\":7,\"version\":7", SigningFault.Malformed)]
    [InlineData("\"version\":7", "\"version\":7.0", SigningFault.Malformed)]
    [InlineData("\"version\":7", "\"version\":\"7\"", SigningFault.Malformed)]
    [InlineData("\"version\":7", "\"version\":0", SigningFault.Malformed)]
    [InlineData("\"version\":7", "\"version\":-1", SigningFault.Malformed)]
    [InlineData("\"version\":7", "\"version\":7,\"weight\":1", SigningFault.Malformed)]
    [InlineData(",\"version\":7", "", SigningFault.Malformed)]
    [InlineData("ptad/1", "ptad/2", SigningFault.UnsupportedVersion)]
    [InlineData("style.en", "../style", SigningFault.Malformed)]
    [InlineData("style.en", ".style", SigningFault.Malformed)]
    [InlineData("style.en", "", SigningFault.Malformed)]
    [InlineData("style.en", "stylé", SigningFault.Malformed)]
    [InlineData("com.example.keyboard", "com/example", SigningFault.Malformed)]
    [InlineData("2026-06-01T00:00:00Z", "2026-06-01T00:00:00+00:00", SigningFault.Malformed)]
    [InlineData("2026-06-01T00:00:00Z", "2026-06-31T00:00:00Z", SigningFault.Malformed)]
    [InlineData("2026-06-01T00:00:00Z", "2026-06-01T00:00:00.5Z", SigningFault.Malformed)]
    [InlineData("2026-06-01T00:00:00Z", "2027-06-01T00:00:00Z", SigningFault.Malformed)]
    [InlineData("Trained with", "Trained\\u001b[2J", SigningFault.Malformed)]
    [InlineData("\"0.05\"", "\"0.050\"", SigningFault.Malformed)]
    [InlineData("\"0.05\"", "\".05\"", SigningFault.Malformed)]
    [InlineData("\"0.05\"", "\"+0.05\"", SigningFault.Malformed)]
    [InlineData("\"0.05\"", "\"5E-2\"", SigningFault.Malformed)]
    [InlineData("\"0.05\"", "\"-0\"", SigningFault.Malformed)]
    [InlineData("\"0.05\"", "\"00\"", SigningFault.Malformed)]
    [InlineData("\"0.05\"", "\"0.1234567890123456789012345678901\"", SigningFault.Malformed)]
    [InlineData("\"0.05\"", "\"0.05\",\"x\":1", SigningFault.Malformed)]
    [InlineData("\"rank\":2", "\"rank\":true", SigningFault.Malformed)]
    [InlineData("\"rank\":2", "\"rank\":[2]", SigningFault.Malformed)]
    [InlineData("\"rank\":2", "\"rank\":null", SigningFault.Malformed)]
    [InlineData("\"rank\":2", "\"rank/\":2", SigningFault.Malformed)]
    [InlineData("\"shape\":[2,3]", "\"shape\":[3,3]", SigningFault.InvalidTensors)]
    [InlineData("\"shape\":[2,3]", "\"shape\":[-2,-3]", SigningFault.InvalidTensors)]
    [InlineData("\"shape\":[2,3]", "\"shape\":[4294967296,4294967296,3]", SigningFault.InvalidTensors)]
    [InlineData("\"shape\":[2,3]", "\"shape\":[9007199254740991,9007199254740991]", SigningFault.InvalidTensors)]
    [InlineData("\"shape\":[2,3]", "\"shape\":[1,1,1,1,1,1,1,1,6]", SigningFault.InvalidTensors)]
    [InlineData("\"shape\":[2,3]", "\"shape\":[2,\"3\"]", SigningFault.Malformed)]
    [InlineData("\"shape\":[2,3]", "\"shape\":{}", SigningFault.Malformed)]
    [InlineData("\"dtype\":\"BF16\"", "\"dtype\":\"F32\"", SigningFault.InvalidTensors)]
    [InlineData("\"dtype\":\"BF16\"", "\"dtype\":\"Q4_K\"", SigningFault.InvalidTensors)]
    [InlineData("\"offset\":24", "\"offset\":23", SigningFault.InvalidTensors)] // overlap
    [InlineData("\"offset\":24", "\"offset\":25", SigningFault.InvalidTensors)] // hole
    [InlineData("\"offset\":0", "\"offset\":1", SigningFault.InvalidTensors)]
    [InlineData("\"offset\":24", "\"offset\":-24", SigningFault.InvalidTensors)]
    [InlineData("\"length\":24", "\"length\":23", SigningFault.InvalidTensors)]
    [InlineData("layers.0.q.lora_B", "layers.0.q.lora_A", SigningFault.InvalidTensors)]
    [InlineData("layers.0.q.lora_B", "layers 0", SigningFault.InvalidTensors)]
    [InlineData("\"name\":\"empty\"", "\"name\":\"\"", SigningFault.InvalidTensors)]
    [InlineData("\"tensors\":[{\"dtype\"", "\"tensors\":[1,{\"dtype\"", SigningFault.Malformed)]
    public void A_manifest_that_breaks_a_rule_is_refused(string original, string replacement, SigningFault expected)
    {
        var index = Canonical.IndexOf(original, StringComparison.Ordinal);
        Assert.True(index >= 0, original);
        var altered = Canonical[..index] + replacement + Canonical[(index + original.Length)..];
        Assert.Equal(expected, Assert.Throws<SigningException>(() => BundleManifest.Parse(Encoding.UTF8.GetBytes(altered))).Fault);
    }

    [Fact]
    public void Upper_case_digests_are_refused()
    {
        var hex = TestBundles.Manifest().BaseModel.ToString();
        var altered = Canonical.Replace(hex, hex.ToUpperInvariant(), StringComparison.Ordinal);
        Assert.Equal(SigningFault.Malformed, Assert.Throws<SigningException>(() =>
            BundleManifest.Parse(Encoding.UTF8.GetBytes(altered))).Fault);
    }

    [Fact]
    public void Sizes_are_limited()
    {
        var bytes = TestBundles.Manifest().Encode();
        Assert.Equal(SigningFault.TooLarge, Fault(new BundleLimits { MaxManifestBytes = bytes.Length - 1 }));
        Assert.Equal(SigningFault.TooLarge, Fault(new BundleLimits { MaxTensors = 3 }));
        Assert.Equal(SigningFault.TooLarge, Fault(new BundleLimits { MaxPayloadBytes = 39 }));
        Assert.Equal(40, BundleManifest.Parse(bytes, new BundleLimits
        {
            MaxManifestBytes = bytes.Length,
            MaxTensors = 4,
            MaxPayloadBytes = 40
        }).PayloadLength);

        SigningFault Fault(BundleLimits limits) => Assert.Throws<SigningException>(() => BundleManifest.Parse(bytes, limits)).Fault;
    }

    [Fact]
    public void What_could_not_be_read_is_not_signed()
    {
        var manifest = TestBundles.Manifest();
        BundleManifest[] bad =
        [
            manifest with { AdapterId = "a/b" }, manifest with { Version = 0 }, manifest with { NotAfter = manifest.NotBefore },
            manifest with { NotBefore = manifest.NotBefore.AddMilliseconds(1) }, manifest with { PrivacyStatement = "\ud800" },
            manifest with { PrivacyStatement = new string('x', 4097) }, manifest with { Tensors = [.. manifest.Tensors,
                manifest.Tensors[0]] },
        ];
        foreach (var m in bad) Assert.Throws<SigningException>(() => m.Encode());
    }

    [Theory]
    [InlineData("0", "0")]
    [InlineData("-0.50", "-0.5")]
    [InlineData("100.000", "100")]
    [InlineData("0.0000000000000000000000000001", "0.0000000000000000000000000001")]
    [InlineData("79228162514264337593543950335", "79228162514264337593543950335")]
    public void Fractions_have_one_form(string value, string expected)
    {
        var fraction = ManifestValue.Of(decimal.Parse(value, System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(expected, fraction.ToString());
        var lora = new Dictionary<string, ManifestValue>(StringComparer.Ordinal) { ["x"] = fraction };
        Assert.Equal(fraction.Decimal, BundleManifest.Parse((TestBundles.Manifest() with { Lora = lora }).Encode()).Lora["x"].Decimal);
    }

    [Fact]
    public void Values_of_different_kinds_differ()
    {
        var forms = new[] { ManifestValue.Of("1"), ManifestValue.Of(1), ManifestValue.Of(1m) }.Select(value => Encoding.UTF8.GetString(
            (TestBundles.Manifest() with
            {
                Lora = new Dictionary<string,
                ManifestValue>(StringComparer.Ordinal)
                { ["x"] = value }
            }).Encode()));
        Assert.Equal(3, forms.Distinct(StringComparer.Ordinal).Count());
        Assert.Throws<ArgumentOutOfRangeException>(() => ManifestValue.Of(CanonicalJson.MaxInteger + 1));
    }
}
