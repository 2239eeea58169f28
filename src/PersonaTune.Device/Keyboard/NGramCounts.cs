using System.Diagnostics.CodeAnalysis;

namespace PersonaTune.Device.Keyboard;

/// <summary>
/// Counts of all n-grams up to an order, with the continuation counts that Kneser and Ney (1995) need, kept exact while messages are
/// added and taken away. The first token of a message is context only. Not thread-safe.
/// </summary>
internal sealed class NGramCounts(int order)
{
    private readonly Dictionary<NGramContext, NGramNode> _nodes = [];

    /// <summary>Longest n-gram, 1 to 5.</summary>
    public int Order { get; } = order is >= 1 and <= NGramContext.MaxLength + 1
        ? order
        : throw new ArgumentOutOfRangeException(nameof(order), order, $"an n-gram order is 1 to {NGramContext.MaxLength + 1}");

    /// <summary>Tokens counted.</summary>
    public long TokenCount { get; private set; }

    /// <summary>Contexts with their successors.</summary>
    public IReadOnlyDictionary<NGramContext, NGramNode> Nodes => _nodes;

    /// <summary>Counts a message.</summary>
    public void Add(ReadOnlySpan<int> message) => Change(message, 1);

    /// <summary>Undoes <see cref="Add"/> of the same message.</summary>
    public void Remove(ReadOnlySpan<int> message) => Change(message, -1);

    /// <summary>What followed the last <paramref name="length"/> tokens.</summary>
    public bool TryGet(ReadOnlySpan<int> context, int length, [NotNullWhen(true)] out NGramNode? node) =>
        _nodes.TryGetValue(NGramContext.Before(context, length), out node);

    private void Change(ReadOnlySpan<int> message, int change)
    {
        for (var i = 1; i < message.Length; i++)
        {
            TokenCount += change;
            // A successor must be gone from the longer context before its continuation in the shorter one can fall, and the shorter
            // one must have it before it can rise.
            var longest = Math.Min(Order - 1, i);
            if (change > 0)
                for (var length = 0; length <= longest; length++) Change(message, i, length, change);
            else
                for (var length = longest; length >= 0; length--) Change(message, i, length, change);
        }
    }

    private void Change(ReadOnlySpan<int> message, int at, int length, int change)
    {
        var key = NGramContext.Before(message[..at], length);
        if (!_nodes.TryGetValue(key, out var node))
        {
            if (change < 0) throw new InvalidOperationException("the message was never counted");
            _nodes.Add(key, node = new NGramNode());
        }
        var token = message[at];
        if (change < 0 && node[token].Raw == 0) throw new InvalidOperationException("the message was never counted");
        if (node.Add(token, change) && length > 0) _nodes[NGramContext.Before(message[..at], length - 1)].AddContinuation(token, change);
        if (node.Total == 0) _nodes.Remove(key);
    }
}
