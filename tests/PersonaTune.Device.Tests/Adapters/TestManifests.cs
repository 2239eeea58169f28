using System.Security.Cryptography;
using System.Text;
using PersonaTune.Device.Adapters;
using PersonaTune.Device.Keys;
using PersonaTune.Device.Personalization;

namespace PersonaTune.Device.Tests.Adapters;

/// <summary>Small manifests and a device key for tests of the library.</summary>
internal static class TestManifests
{
    public const string User = "ada";

    public static byte[] Weights(string id) => Encoding.UTF8.GetBytes("weights of " + id);

    public static DeviceKeySigner NewSigner()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new DeviceKeySigner(new DeviceIdentity(key.ExportPkcs8PrivateKey()));
    }

    public static AdapterManifest Create(string id, string? parent, params string[] examples)
    {
        var metrics = new HeldOutMetrics(2, 10, 30, 123.456);
        return new AdapterManifest
        {
            Id = id,
            ParentId = parent,
            User = User,
            Collection = "messages",
            BaseDigest = new string('a', 64),
            TokenizerDigest = new string('b', 64),
            TrainingExamples = examples.Length > 1 ? examples[..^1] : examples,
            ValidationExamples = examples.Length > 1 ? [examples[^1]] : [],
            ExampleSetDigest = new string('c', 64),
            Recipe = new TrainingRecipe { Seed = ulong.MaxValue, LearningRate = 0.1f },
            Threads = 2,
            MicroBatchTokens = 512,
            Metrics = new AdapterMetrics
            {
                Before = metrics,
                After = metrics with { TotalNll = 99.75 },
                Base = metrics,
                BestEpoch = 3,
                ValidationLosses = [4.5, 4.25, 1.0 / 3],
                TrainingLosses = [4.1, double.Epsilon],
                Steps = 12,
                TrainedTokens = 1000,
            },
            GateReason = "better",
            Created = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero),
            WeightsDigest = Convert.ToHexStringLower(SHA256.HashData(Weights(id))),
            WeightsLength = Weights(id).Length,
        };
    }
}
