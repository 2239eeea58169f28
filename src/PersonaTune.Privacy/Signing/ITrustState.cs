namespace PersonaTune.Privacy.Signing;

/// <summary>
/// What a device remembers about the bundles that it accepted. Without it, or where it can be replaced by an older copy of
/// itself, an older bundle that is still valid cannot be told from a new one. Implementations are thread-safe.
/// </summary>
public interface ITrustState
{
    /// <summary>The newest accepted version of an adapter; null if none was accepted.</summary>
    AcceptedVersion? Find(string adapterId);

    /// <summary>Remembers a version; it must be durable when this returns.</summary>
    void Record(string adapterId, AcceptedVersion accepted);
}
