namespace PersonaTune.Device.Personalization;

/// <summary>
/// Watches an active adapter: for every message that the person accepted it is told what the message costs under the adapter and under
/// the adapter's parent, and it calls a regression when the adapter is worse by a margin and beyond chance over a window. Not thread-safe.
/// </summary>
public sealed class RegressionMonitor
{
    private readonly RegressionOptions _options;
    private readonly List<MessageScore> _parent = [];
    private readonly List<MessageScore> _active = [];

    /// <summary>Creates a monitor with an empty window.</summary>
    /// <exception cref="ArgumentException">The options are invalid.</exception>
    public RegressionMonitor(RegressionOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Validate() is { Count: > 0 } problems) throw new ArgumentException(string.Join("; ", problems), nameof(options));
        _options = options;
    }

    /// <summary>Messages in the window.</summary>
    public int Count => _active.Count;

    /// <summary>Adds one accepted message and judges the window. Scores that are not finite count as a regression at once.</summary>
    public RegressionVerdict Record(MessageScore active, MessageScore parent)
    {
        if (!double.IsFinite(active.Nll) && double.IsFinite(parent.Nll))
            return new RegressionVerdict(true, Count, new PairedComparison(double.PositiveInfinity, 0));
        if (!double.IsFinite(parent.Nll) || active.Tokens == 0) return new RegressionVerdict(false, Count, PairedComparison.Of(_parent, _active));
        if (_active.Count == _options.Window)
        {
            _active.RemoveAt(0);
            _parent.RemoveAt(0);
        }
        _active.Add(active);
        _parent.Add(parent);
        var comparison = PairedComparison.Of(_parent, _active);
        var regressed = Count >= _options.MinimumMessages
            && comparison.RelativeDifference > _options.Margin
            && comparison.RelativeDifference >= _options.Confidence * comparison.StandardError;
        return new RegressionVerdict(regressed, Count, comparison);
    }

    /// <summary>Forgets the window: another adapter is active now.</summary>
    public void Reset()
    {
        _active.Clear();
        _parent.Clear();
    }

    internal RegressionWindow Save(string adapterId, string? parentId) => new(adapterId, parentId, [.. _active], [.. _parent]);

    /// <summary>Takes a saved window over, only its newest messages where this window is shorter.</summary>
    internal void Restore(RegressionWindow window)
    {
        Reset();
        if (window.Active.Count != window.Parent.Count) return;
        _active.AddRange(window.Active.TakeLast(_options.Window));
        _parent.AddRange(window.Parent.TakeLast(_options.Window));
    }
}
