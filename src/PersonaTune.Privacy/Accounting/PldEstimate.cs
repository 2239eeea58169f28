namespace PersonaTune.Privacy.Accounting;

/// <summary>On which side of the truth a discretized privacy-loss distribution lies.</summary>
public enum PldEstimate
{
    /// <summary>
    /// Epsilon and delta are upper bounds: what may be promised. Every loss is split between its two neighbours on the grid so that both
    /// output distributions keep their mass ("connect the dots"; Doroshenko, Ghazi, Kamath, Kumar and Manurangsi 2022); what lies above the
    /// grid counts as an infinite loss.
    /// </summary>
    Pessimistic,

    /// <summary>
    /// Epsilon and delta are lower bounds: never a promise, only a measure of how tight the upper bound is. The outcomes of a bucket are
    /// merged into one (a post-processing) and its loss is rounded down to the grid ("privacy buckets"; Meiser and Mohammadi 2018).
    /// </summary>
    Optimistic,
}
