namespace PersonaTune.Device.Personalization;

/// <summary>The run that trains now, so that a deletion of its examples can stop it.</summary>
internal sealed class ActiveRun(string user, IEnumerable<string> exampleIds, CancellationTokenSource cancellation)
{
    private readonly HashSet<string> _ids = exampleIds.ToHashSet(StringComparer.Ordinal);
    private volatile bool _aborted;

    public bool IsAborted => _aborted;

    /// <summary>Stops the run if it learns from one of the examples (null: whatever it learns from).</summary>
    public void AbortIf(string deletedUser, IEnumerable<string>? deletedIds)
    {
        if (!string.Equals(user, deletedUser, StringComparison.Ordinal)) return;
        if (deletedIds is not null && !deletedIds.Any(_ids.Contains)) return;
        _aborted = true;
        try
        {
            cancellation.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The run ended in between; the promotion's own check sees the deletion.
        }
    }
}
