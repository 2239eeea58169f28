using System.Security.Cryptography.X509Certificates;
using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.Signing;

namespace PersonaTune.Privacy.Tests.Signing;

/// <summary>A small bundle and the device that trusts its signer.</summary>
internal static class TestBundles
{
    public static readonly DateTimeOffset Now = new(2026, 6, 15, 12, 0, 0, TimeSpan.Zero);

    public static TrustStore Store { get; } = new()
    {
        Audience = "com.example.keyboard",
        PinnedKeys = [TestCertificates.KeyId(TestCertificates.Pinned)]
    };

    public static BundlePayload Payload(byte seed = 1)
    {
        var payload = new BundlePayload();
        payload.Add("layers.0.q.lora_A", "F32", [2, 3], [.. Enumerable.Range(0, 24).Select(i => (byte)(i * seed))]);
        payload.Add("layers.0.q.lora_B", "BF16", [3, 2], [.. Enumerable.Range(0, 12).Select(i => (byte)(i + seed))]);
        payload.Add("empty", "F32", [0, 4], []);
        payload.Add("scale", "F32", [], [0, 0, 128, 63]);
        return payload;
    }

    public static BundleManifest Manifest(BundlePayload? payload = null) => new()
    {
        AdapterId = "style.en",
        Version = 7,
        BaseModel = Sha256Digest.Of("base"u8),
        Tokenizer = Sha256Digest.Of("tokenizer"u8),
        Lora = new Dictionary<string, ManifestValue>(StringComparer.Ordinal)
        {
            ["rank"] = ManifestValue.Of(2),
            ["alpha"] = ManifestValue.Of(4),
            ["dropout"] = ManifestValue.Of(0.05m),
            ["targets"] = ManifestValue.Of("q_proj"),
        },
        Tensors = (payload ?? Payload()).Tensors,
        NotBefore = new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero),
        NotAfter = new(2027, 6, 1, 0, 0, 0, TimeSpan.Zero),
        Audience = "com.example.keyboard",
        PrivacyStatement = "Trained with (8, 1e-6)-differential privacy; \"add or remove one person\".",
    };

    public static byte[] Write(BundleManifest? manifest = null, BundlePayload? payload = null, X509Certificate2? certificate = null,
        HpkeKeyPair? recipient = null)
    {
        payload ??= Payload();
        using var output = new MemoryStream();
        var signer = new ManifestSigner(certificate ?? TestCertificates.Pinned);
        manifest ??= Manifest(payload);
        if (recipient is null) BundleWriter.Write(output, manifest, payload.OpenRead(), signer);
        else BundleWriter.WriteEncrypted(output, recipient.PublicKey.Span, manifest, payload.OpenRead(), signer);
        return output.ToArray();
    }

    public static BundleVerifier Verifier(TrustStore? store = null, ITrustState? state = null, DateTimeOffset? now = null) =>
        new(store ?? Store, state ?? new MemoryTrustState(), new FixedTime(now ?? Now));

    public static byte[] Read(byte[] bundle, BundleVerifier? verifier = null, HpkeKeyPair? recipient = null, BundleLimits? limits = null)
    {
        using var reader = BundleReader.Open(new MemoryStream(bundle), verifier ?? Verifier(), recipient, limits);
        return reader.ReadPayload();
    }

    public static SigningFault Refused(byte[] bundle, BundleVerifier? verifier = null, BundleLimits? limits = null) =>
        Assert.Throws<SigningException>(() => Read(bundle, verifier, limits: limits)).Fault;
}
