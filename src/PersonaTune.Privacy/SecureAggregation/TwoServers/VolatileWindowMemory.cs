using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.TwoServers;

/// <summary>
/// A window memory that lasts as long as the object: for simulations and tests only, since a helper must remember across
/// restarts.
/// </summary>
public sealed class VolatileWindowMemory : IWindowMemory
{
    private readonly Lock _lock = new();
    private readonly HashSet<(SessionId, string)> _roots = [];
    private readonly HashSet<(SessionId, DeviceId)> _reports = [];

    /// <inheritdoc/>
    public WindowClaim Claim(SessionId session, ReadOnlySpan<byte> root, IReadOnlyList<DeviceId> reports)
    {
        ArgumentNullException.ThrowIfNull(reports);
        var name = Convert.ToHexString(root);
        lock (_lock)
        {
            if (_roots.Contains((session, name))) return WindowClaim.Same;
            if (reports.Any(report => _reports.Contains((session, report)))) return WindowClaim.Overlapping;
            _roots.Add((session, name));
            foreach (var report in reports) _reports.Add((session, report));
            return WindowClaim.New;
        }
    }
}
