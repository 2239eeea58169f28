using System.Text.Json;
using PersonaTune.Privacy.Accounting;

namespace PersonaTune.Privacy.Tests.Accounting;

/// <summary>
/// The event trees of f1_heterogeneous_events.json (dp_accounting 0.6.0) as our events. There a node is [module, class, field, ...].
/// </summary>
internal static class ReferenceEvents
{
    /// <summary>Every case by its name: the event and the relation it was analysed under.</summary>
    public static IReadOnlyDictionary<string, (PrivacyEvent Event, NeighbouringRelation Relation)> Cases { get; } = ReadCases();

    public static NeighbouringRelation Relation(string name) => name switch
    {
        "ADD_OR_REMOVE_ONE" => NeighbouringRelation.AddOrRemoveOne,
        "REPLACE_ONE" => NeighbouringRelation.ReplaceOne,
        "REPLACE_SPECIAL" => NeighbouringRelation.ReplaceSpecial,
        _ => throw new InvalidDataException($"unknown neighbouring relation '{name}'; add it to ReferenceEvents"),
    };

    private static Dictionary<string, (PrivacyEvent Event, NeighbouringRelation Relation)> ReadCases()
    {
        // Python wrote one shape parameter as a bare Infinity, which JSON does not know.
        var text = File.ReadAllText(SharedData.Reference("privacy", "f1_heterogeneous_events.json"))
            .Replace(" Infinity", " \"Infinity\"", StringComparison.Ordinal);
        using var document = JsonDocument.Parse(text);
        return document.RootElement.EnumerateObject().ToDictionary(
            item => item.Name,
            item => (Parse(item.Value.GetProperty("event")), Relation(item.Value.GetProperty("neighbouring").GetString()!)));
    }

    private static PrivacyEvent Parse(JsonElement node) => node[1].GetString() switch
    {
        "NoOpDpEvent" => new NoEvent(),
        "NonPrivateDpEvent" => new NonPrivateEvent(),
        "ComposedDpEvent" => new ComposedEvent([.. node[2].EnumerateArray().Select(Parse)]),
        "SelfComposedDpEvent" => new SelfComposedEvent(Parse(node[2]), node[3].GetInt64()),
        "GaussianDpEvent" => new GaussianEvent(Number(node[2])),
        "LaplaceDpEvent" => new LaplaceEvent(Number(node[2])),
        "DiscreteLaplaceDpEvent" => new DiscreteLaplaceEvent(Number(node[2]), node[3].GetInt32()),
        "DiscreteGaussianDpEvent" => new DiscreteGaussianEvent(Number(node[2]), Number(node[3]), node[4].GetInt32()),
        "ZCDpEvent" => new ZcdpEvent(Number(node[2]), Number(node[3])),
        "EpsilonDeltaDpEvent" => new EpsilonDeltaEvent(Number(node[2]), Number(node[3])),
        "PoissonSampledDpEvent" => new PoissonSampledEvent(Number(node[2]), Parse(node[3])),
        "SampledWithoutReplacementDpEvent" =>
            new SampledWithoutReplacementEvent(node[2].GetInt32(), node[3].GetInt32(), Parse(node[4])),
        "SingleEpochTreeAggregationDpEvent" =>
            new TreeAggregationEvent(Number(node[2]), [.. node[3].EnumerateArray().Select(count => count.GetInt32())]),
        "RandomizedResponseDpEvent" => new RandomizedResponseEvent(Number(node[2]), node[3].GetInt32()),
        "ExponentialMechanismDpEvent" => new ExponentialMechanismEvent(Number(node[2])),
        "PermuteAndFlipDpEvent" => new PermuteAndFlipEvent(Number(node[2])),
        "RepeatAndSelectDpEvent" => new RepeatAndSelectEvent(Parse(node[2]), Number(node[3]), Number(node[4])),
        "MixtureOfGaussiansDpEvent" => new MixtureOfGaussiansEvent(Number(node[2]), Numbers(node[3]), Numbers(node[4])),
        "TruncatedSubsampledGaussianDpEvent" => new TruncatedSubsampledGaussianEvent(
            node[2].GetInt32(), Number(node[3]), node[4].GetInt32(), Number(node[5])),
        var name => throw new InvalidDataException($"unknown event class '{name}'; add it to ReferenceEvents"),
    };

    private static double[] Numbers(JsonElement list) => [.. list.EnumerateArray().Select(Number)];

    private static double Number(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number => value.GetDouble(),
        JsonValueKind.String when value.GetString() == "Infinity" => double.PositiveInfinity,
        _ => throw new InvalidDataException($"expected a number, found {value.GetRawText()}"),
    };
}
