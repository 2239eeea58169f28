using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Device.Keys;

/// <summary>A store or keyring is older than something that remembers it: an old copy was put in its place.</summary>
public sealed class RollbackException : TamperedException
{
    /// <summary>Creates the exception.</summary>
    public RollbackException(string subject, long found, long expected)
        : base(subject, $"expected generation {expected} or later, found {found}; an old copy was put in its place. "
            + "Restore the newest copy, or open with AcceptRollback if the restore was deliberate")
    {
        Found = found;
        Expected = expected;
    }

    /// <summary>Creates the exception for an anchor that is missing or of another history.</summary>
    public RollbackException(string subject, string problem) : base(subject, problem)
    {
    }

    /// <summary>The generation found.</summary>
    public long Found { get; }

    /// <summary>The least generation expected.</summary>
    public long Expected { get; }
}
