namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// What a mechanism did to the data, as far as an accountant must know: an immutable description that accountants compose. Derived records
/// describe one application of a mechanism, a subsampled one, or a composition. Thread-safe.
/// </summary>
/// <remarks>Noise multipliers are standard deviations (or scales) divided by the sensitivity under the accountant's relation.</remarks>
public abstract record PrivacyEvent
{
    /// <summary>This event, <paramref name="count"/> times in a row (adaptively chosen).</summary>
    /// <param name="count">How often, 0 or more.</param>
    public SelfComposedEvent Times(long count) => new(this, count);
}
