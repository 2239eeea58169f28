namespace PersonaTune.Device.Adapters;

/// <summary>
/// States of one user's adapters and which one is active: one sealed record, so that every change of the library is one atomic write.
/// </summary>
internal sealed record AdapterIndex
{
    public static readonly AdapterIndex Empty = new();

    public int FormatVersion { get; init; } = 1;

    public string? ActiveId { get; init; }

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<AdapterIndexItem> Items { get; init; } = [];

    public AdapterIndexItem? Find(string id) => Items.FirstOrDefault(item => string.Equals(item.Id, id, StringComparison.Ordinal));

    public AdapterIndex With(AdapterIndexItem item)
    {
        var items = Items.Where(other => !string.Equals(other.Id, item.Id, StringComparison.Ordinal)).Append(item);
        return this with { Items = [.. items.OrderBy(other => other.Number)] };
    }

    /// <summary>Removes an adapter; its children become its parent's, so that rollback still finds the older ancestors.</summary>
    public AdapterIndex Without(string id)
    {
        var parent = Find(id)?.ParentId;
        return this with
        {
            Items = [.. Items.Where(item => !Same(item.Id, id)).Select(item => Same(item.ParentId, id) ? item with { ParentId = parent } : item)],
        };

        static bool Same(string? left, string right) => string.Equals(left, right, StringComparison.Ordinal);
    }

    /// <summary>Makes <paramref name="id"/> (null: the base) the active one and moves the one that was active into <paramref name="leaving"/>.</summary>
    public AdapterIndex Activate(string? id, AdapterState leaving, string leavingReason, string reason, DateTimeOffset now)
    {
        var index = this;
        if (ActiveId is not null && index.Find(ActiveId) is { } old)
            index = index.With(old with { State = leaving, Reason = leavingReason, Changed = now });
        if (id is not null)
            index = index.With(index.Find(id)! with { State = AdapterState.Active, Reason = reason, Changed = now });
        return index with { ActiveId = id };
    }
}
