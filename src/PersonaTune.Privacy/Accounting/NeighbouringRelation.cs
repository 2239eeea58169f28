namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// Which two data sets count as neighbours. Every guarantee holds for exactly one relation; an accountant carries its relation and refuses
/// events whose analysis holds for another one.
/// </summary>
public enum NeighbouringRelation
{
    /// <summary>One record (or one user, if the unit is a user) is added to or removed from the data set.</summary>
    AddOrRemoveOne,

    /// <summary>One record is exchanged for another; the size of the data set is public.</summary>
    ReplaceOne,

    /// <summary>One record is exchanged for a special one that contributes zero ("zero-out"); the size of the data set is public.</summary>
    ReplaceSpecial,
}
