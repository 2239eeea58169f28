namespace PersonaTune.Device.Storage;

/// <summary>Examples that no longer exist: whatever learned from them is to be invalidated.</summary>
public sealed class ExamplesDeletedEventArgs : EventArgs
{
    /// <summary>Creates the arguments.</summary>
    public ExamplesDeletedEventArgs(string user, IReadOnlyList<RecordId> ids, bool userForgotten)
    {
        User = user;
        Ids = ids;
        UserForgotten = userForgotten;
    }

    /// <summary>Whose examples they were.</summary>
    public string User { get; }

    /// <summary>Their identities; empty when <see cref="UserForgotten"/>.</summary>
    public IReadOnlyList<RecordId> Ids { get; }

    /// <summary>Everything of the user is gone, adapters and blobs in the store included.</summary>
    public bool UserForgotten { get; }
}
