namespace PersonaTune.Privacy.Accounting;

/// <summary>A mechanism in both directions of its relation.</summary>
/// <param name="Removed">A record is removed (or exchanged for the special one).</param>
/// <param name="Added">The other direction; null if both are the same.</param>
internal readonly record struct PldTerm(PrivacyLossMechanism Removed, PrivacyLossMechanism? Added = null)
{
    public PrivacyLossMechanism Direction(bool added) => added ? Added ?? Removed : Removed;
}
