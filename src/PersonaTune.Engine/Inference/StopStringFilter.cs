namespace PersonaTune.Engine.Inference;

/// <summary>Holds text back while it may be the beginning of a stop string. Not thread-safe.</summary>
internal sealed class StopStringFilter(IReadOnlyList<string> stops)
{
    private string _held = "";

    /// <summary>Adds text and returns what is certain. <paramref name="stopped"/>: a stop string was found; the text ends before it.</summary>
    public string Append(string text, out bool stopped)
    {
        stopped = false;
        if (stops.Count == 0) return text;
        _held += text;
        var end = -1;
        foreach (var stop in stops)
        {
            var found = _held.IndexOf(stop, StringComparison.Ordinal);
            if (found >= 0 && (end < 0 || found < end)) end = found;
        }

        stopped = end >= 0;
        if (!stopped) end = _held.Length - LongestBeginning();
        var certain = _held[..end];
        _held = stopped ? "" : _held[end..];
        return certain;
    }

    /// <summary>The text held back, when no more will come.</summary>
    public string Flush()
    {
        var text = _held;
        _held = "";
        return text;
    }

    private int LongestBeginning()
    {
        var longest = 0;
        foreach (var stop in stops)
            for (var length = Math.Min(stop.Length - 1, _held.Length); length > longest; length--)
                if (_held.AsSpan(_held.Length - length).SequenceEqual(stop.AsSpan(0, length))) longest = length;
        return longest;
    }
}
