namespace PersonaTune.Device.Keys;

/// <summary>
/// Remembers, outside the store's own folder, how far the keyring and the store have come, so that a restored old copy is
/// noticed. Thread-safe.
/// </summary>
public interface IRollbackAnchor
{
    /// <summary>What was last recorded for a store, or null if nothing ever was.</summary>
    /// <exception cref="Privacy.Sealing.TamperedException">What is recorded was altered.</exception>
    AnchorState? Read(StoreId store);

    /// <summary>
    /// Records durably; returns once it would survive a loss of power. It is called after a change was committed: if it throws, the
    /// change stands and the caller of the store sees the exception.
    /// </summary>
    void Write(StoreId store, AnchorState state);
}
