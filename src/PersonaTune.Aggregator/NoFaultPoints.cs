namespace PersonaTune.Aggregator;

/// <summary>Kills nothing.</summary>
internal sealed class NoFaultPoints : IFaultPoints
{
    /// <inheritdoc/>
    public void Reach(string name)
    {
    }
}
