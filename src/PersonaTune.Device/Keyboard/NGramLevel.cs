namespace PersonaTune.Device.Keyboard;

/// <summary>One context length of an estimate: its counts, which of them are used, and their discounts.</summary>
internal readonly record struct NGramLevel(NGramNode Node, int Length, bool Raw, double Total, KneserNeyDiscounts Discounts)
{
    /// <summary>The share that the discounts leave to the shorter context.</summary>
    public double Escape => Node.Discounted(Discounts, Raw) / Total;

    /// <summary>The discounted share of a successor.</summary>
    public double Direct(NGramNode.Count count)
    {
        var used = Raw ? count.Raw : count.Continuations;
        return used > 0 ? (used - Discounts[used]) / Total : 0;
    }
}
