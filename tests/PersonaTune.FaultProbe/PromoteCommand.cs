using System.Globalization;
using System.Security.Cryptography;
using PersonaTune.Device.Adapters;
using PersonaTune.Device.Personalization;

namespace PersonaTune.FaultProbe;

/// <summary>
/// Stores, promotes and rolls back adapters. Arguments: folder, seed, run. Operations: <c>add ID</c>, <c>promote ID</c>,
/// <c>rollback</c>, <c>delete ID</c> (the active one).
/// </summary>
public static class PromoteCommand
{
    /// <summary>What an adapter of this id holds.</summary>
    public static byte[] Weights(string id)
    {
        var weights = new byte[50_000];
        new Random(int.Parse(id, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)).NextBytes(weights);
        return weights;
    }

    internal static async Task RunAsync(string[] arguments)
    {
        var (folder, seed, run) = (arguments[0], int.Parse(arguments[1], CultureInfo.InvariantCulture), int.Parse(arguments[2], CultureInfo.InvariantCulture));
        var random = new Random(seed);
        await using var store = await ProbeStore.OpenAsync(folder);
        using var library = new AdapterLibrary(store);
        var active = (await library.GetActiveAsync(ProbePersonalizer.User))?.Id;
        Protocol.Ready();
        for (var n = 0; ; n++)
        {
            var id = (run << 16 | n).ToString("x16", CultureInfo.InvariantCulture);
            Protocol.Try($"add {id}");
            await library.AddAsync(Manifest(id, active), Weights(id));
            Protocol.Acknowledge($"add {id}");
            Protocol.Try($"promote {id}");
            active = (await library.ActivateAsync(ProbePersonalizer.User, id, "better")).Id;
            Protocol.Acknowledge($"promote {id}");
            switch (random.Next(4))
            {
                case 0:
                    Protocol.Try("rollback");
                    active = (await library.RollbackAsync(ProbePersonalizer.User, false, "worse"))?.Id;
                    Protocol.Acknowledge("rollback");
                    break;
                case 1:
                    Protocol.Try($"delete {active}");
                    active = (await library.DeleteAsync(ProbePersonalizer.User, active))?.Id;
                    Protocol.Acknowledge("delete");
                    break;
            }
        }
    }

    private static AdapterManifest Manifest(string id, string? parent)
    {
        var metrics = new HeldOutMetrics(2, 4, 8, 16);
        return new AdapterManifest
        {
            Id = id,
            ParentId = parent,
            User = ProbePersonalizer.User,
            Collection = "messages",
            BaseDigest = "base",
            TokenizerDigest = "tokenizer",
            TrainingExamples = ["x"],
            ValidationExamples = [],
            ExampleSetDigest = "examples",
            Recipe = new TrainingRecipe(),
            Threads = 1,
            MicroBatchTokens = 64,
            Metrics = new AdapterMetrics
            {
                Before = metrics,
                After = metrics,
                Base = metrics,
                BestEpoch = 1,
                ValidationLosses = [2],
                TrainingLosses = [2],
                Steps = 1,
                TrainedTokens = 8,
            },
            GateReason = "better",
            Created = ProbeStore.Noon,
            WeightsDigest = Convert.ToHexStringLower(SHA256.HashData(Weights(id))),
            WeightsLength = Weights(id).Length,
        };
    }
}
