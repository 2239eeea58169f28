using System.Security.Cryptography;
using PersonaTune.Device.Consent;
using PersonaTune.Device.Keys;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Device.Tests.Federation;

/// <summary>A task and a consent for tests.</summary>
internal static class FederationSample
{
    public static TaskDefinition Task() => new(
        "sample", "A sample.", 10, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100), new AdapterTerms("vector", new string('a', 64), new string('b', 64), 100),
        new LocalTrainingTerms(1, 0, 0.1, 1), AggregationKind.Secure, new CohortTerms(40, 40, 32), new EncodingTerms(1, 20_000, 24, new string('0', 64)),
        new PrivacyTerms(PrivacyKind.Distributed, 4, NoiseLaw.Skellam, 1, 1e-5, 10, 10), new ServerTerms());

    public static ConsentReceipt Consent(DateTimeOffset now, ConsentPurpose purpose = ConsentPurpose.FederatedLearning, double epsilon = 10)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var identity = new DeviceIdentity(key.ExportPkcs8PrivateKey());
        return ConsentReceipt.Issue(new ConsentTerms("me", purpose, "keyboard", default, epsilon, epsilon, now.AddYears(1)), identity, new FixedTime(now));
    }

    private sealed class FixedTime(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
