namespace PersonaTune.Engine.Inference;

/// <summary>
/// What an <see cref="AdapterSlot"/> held between two swaps: an immutable stack under a version number. It lives until the slot has
/// moved on and the last sequence that pinned it has ended. Thread-safe.
/// </summary>
public sealed class AdapterSnapshot
{
    private int _references = 1; // the slot's own

    internal AdapterSnapshot(AdapterSlot slot, AdapterStack stack, long version)
    {
        Slot = slot;
        Stack = stack;
        Version = version;
    }

    /// <summary>The adapters.</summary>
    public AdapterStack Stack { get; }

    /// <summary>Number of the swap that brought it: 0 for the slot's first stack, rising by 1.</summary>
    public long Version { get; }

    /// <summary>Whether slot and sequences have all let go of it; it can never be pinned again.</summary>
    public bool IsReleased => Volatile.Read(ref _references) == 0;

    /// <summary>Sequences that pin it now, not counting the slot; for diagnostics.</summary>
    public int Pins => Math.Max(0, Volatile.Read(ref _references) - (ReferenceEquals(Slot.Current, this) ? 1 : 0));

    internal AdapterSlot Slot { get; }

    internal bool TryPin()
    {
        // Never revive: a count of 0 is final, and the caller then sees the slot's newer snapshot.
        var seen = Volatile.Read(ref _references);
        while (seen > 0)
        {
            var found = Interlocked.CompareExchange(ref _references, seen + 1, seen);
            if (found == seen) return true;
            seen = found;
        }

        return false;
    }

    internal void Release()
    {
        if (Interlocked.Decrement(ref _references) == 0) Slot.OnReleased(this);
    }
}
