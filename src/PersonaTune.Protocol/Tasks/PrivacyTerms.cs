namespace PersonaTune.Protocol.Tasks;

/// <summary>
/// What the task promises its users. The unit is one device: everything that it ever reports to one round is one contribution.
/// </summary>
/// <param name="Kind">Who adds noise.</param>
/// <param name="NoiseMultiplier">
/// z: central and distributed, the standard deviation of the sum's noise over the sensitivity of one device; local, of one report's noise
/// over it. 0 exactly if there is no noise.
/// </param>
/// <param name="Law">The noise's distribution.</param>
/// <param name="SamplingRate">
/// q: the chance with which a device's own coin lets it check in for a round; 1 for no coin, and no amplification is claimed then.
/// </param>
/// <param name="Delta">The target delta.</param>
/// <param name="TotalEpsilon">The task ends before its releases exceed this.</param>
/// <param name="ClaimedEpsilon">What all its rounds cost together, by the operator's account; devices compute it again.</param>
public sealed record PrivacyTerms(
    PrivacyKind Kind, double NoiseMultiplier, NoiseLaw Law, double SamplingRate, double Delta, double TotalEpsilon, double ClaimedEpsilon);
