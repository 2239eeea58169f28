namespace PersonaTune.Protocol.Tasks;

/// <summary>A LoRA adapter with frozen A (only B is trained and travels).</summary>
/// <param name="Rank">The rank R of the global adapter.</param>
/// <param name="Alpha">Alpha; every device uses the scale alpha / R (or alpha / sqrt(R)), whatever rank it trains.</param>
/// <param name="Targets">The projections, by the names of the adapter format: <c>q</c>, <c>k</c>, <c>v</c>, <c>o</c>, <c>gate</c>, <c>up</c>, <c>down</c>, <c>head</c>.</param>
/// <param name="Seed">The seed of A: 64 hexadecimal digits.</param>
/// <param name="RankStabilized">Whether the scale is alpha / sqrt(R).</param>
/// <param name="MinimumRank">The smallest rank that a device may train.</param>
public sealed record LoraTerms(
    int Rank, double Alpha, IReadOnlyList<string> Targets, string Seed, bool RankStabilized = false, int MinimumRank = 1)
{
    /// <summary>The rank column (0 to <see cref="Rank"/> - 1) of a coordinate: B matrices lie one after another, each row-major (out, R).</summary>
    public int RankOf(int coordinate) => coordinate % Rank;
}
