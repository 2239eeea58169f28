using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Aggregator.Aggregation;

/// <summary>The sum of one cohort's encoded reports.</summary>
/// <param name="Sum">One word a padded coordinate, modulo 2^b.</param>
/// <param name="Contributors">Devices in it.</param>
/// <param name="ContributorsByRank">How many of them trained which rank; empty where the adapter is no LoRA.</param>
/// <param name="Configuration">What was computed.</param>
internal sealed record CohortSum(
    ReadOnlyMemory<uint> Sum, int Contributors, IReadOnlyDictionary<int, int> ContributorsByRank, RoundConfiguration Configuration);
