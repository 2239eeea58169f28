namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// From a guarantee for one record to one for a group of k, such as all records of a user, along a chain of k neighbours:
/// (k epsilon, delta (1 + exp(epsilon) + ... + exp((k - 1) epsilon))).
/// </summary>
/// <remarks>
/// Assumption: no user holds more than k records. The delta grows so fast that clipping and noising a whole user's contribution, and
/// accounting with the user as the unit, is nearly always better.
/// </remarks>
public static class GroupPrivacy
{
    /// <summary>The guarantee for a group.</summary>
    /// <param name="guarantee">The guarantee for one record.</param>
    /// <param name="groupSize">Largest number k of records in a group, 1 or more.</param>
    /// <returns>The guarantee for any group; relation and bound are those of the input.</returns>
    public static PrivacyGuarantee ForGroup(PrivacyGuarantee guarantee, int groupSize)
    {
        ArgumentNullException.ThrowIfNull(guarantee);
        ArgumentOutOfRangeException.ThrowIfLessThan(groupSize, 1);
        return guarantee with
        {
            Epsilon = groupSize * guarantee.Epsilon,
            Delta = GroupDelta(guarantee.Epsilon, guarantee.Delta, groupSize),
        };
    }

    private static double GroupDelta(double epsilon, double delta, int size)
    {
        if (delta == 0 || size == 1) return delta;
        if (epsilon == 0) return Math.Min(1, size * delta);
        if (double.IsInfinity(epsilon)) return 1;
        return Math.Min(1, Math.Exp(Math.Log(delta) + LogDomain.LogExpm1(size * epsilon) - LogDomain.LogExpm1(epsilon)));
    }
}
