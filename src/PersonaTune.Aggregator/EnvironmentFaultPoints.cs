using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace PersonaTune.Aggregator;

/// <summary>
/// Ends the process as SIGKILL does when a point is reached for the n-th time: the environment variable PERSONATUNE_FAULT is <c>name:n</c>, or <c>*:n</c> for the n-th
/// point of any name. Only used where the configuration allows faults.
/// </summary>
internal sealed class EnvironmentFaultPoints : IFaultPoints
{
    private readonly ConcurrentDictionary<string, int> _reached = new(StringComparer.Ordinal);
    private readonly string _name = string.Empty;
    private readonly int _count;

    public EnvironmentFaultPoints()
    {
        if (Environment.GetEnvironmentVariable("PERSONATUNE_FAULT") is not { Length: > 0 } text) return;
        var colon = text.LastIndexOf(':');
        (_name, _count) = (text[..colon], int.Parse(text[(colon + 1)..], CultureInfo.InvariantCulture));
    }

    /// <inheritdoc/>
    public void Reach(string name)
    {
        if (_count == 0) return;
        var key = _name == "*" ? "*" : name;
        if (key != _name || _reached.AddOrUpdate(key, 1, (_, n) => n + 1) != _count) return;
        Console.Error.WriteLine($"fault point {name} reached");
        Process.GetCurrentProcess().Kill();
        new ManualResetEventSlim().Wait();
    }
}
