namespace PersonaTune.Device.Adapters;

/// <summary>Life of an adapter in the library.</summary>
public enum AdapterState
{
    /// <summary>Stored, never active.</summary>
    Candidate,

    /// <summary>The one that inference uses. At most one a user.</summary>
    Active,

    /// <summary>Was active until a better one was promoted; a rollback can return to it.</summary>
    Superseded,

    /// <summary>Did not pass the gate; only the manifest is kept.</summary>
    Rejected,

    /// <summary>Was active and was taken back.</summary>
    RolledBack,

    /// <summary>Learned from examples that were deleted since, expired, or was revoked. Its weights are erased; only the manifest is kept.</summary>
    Invalidated,
}
