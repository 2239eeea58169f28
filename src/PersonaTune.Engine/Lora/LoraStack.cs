using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Lora;

/// <summary>Adapters that act together: their updates add up, each times its factor.</summary>
public static class LoraStack
{
    /// <summary>
    /// One adapter that computes the sum of a stack: ranks are put side by side, scales and factors multiplied into B. An empty stack gives an
    /// adapter without pairs. The adapters must fit the model (<see cref="LoraCompatibility"/>).
    /// </summary>
    public static LoraAdapter Merge(DecoderModel model, IReadOnlyList<(LoraAdapter Adapter, float Factor)> stack)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(stack);
        var merged = new LoraAdapter(new LoraConfig(), model.Config.BlockCount, model.Digest);
        for (var block = 0; block < model.Config.BlockCount; block++)
            for (var target = LoraTarget.Query; target < LoraTarget.Head; target++)
                merged[block, target] = Merge(stack, block, target);
        merged[0, LoraTarget.Head] = Merge(stack, 0, LoraTarget.Head);
        return merged;
    }

    private static LoraPair? Merge(IReadOnlyList<(LoraAdapter Adapter, float Factor)> stack, int block, LoraTarget target)
    {
        var parts = stack.Where(entry => entry.Factor != 0f && entry.Adapter[block, target] is not null)
            .Select(entry => (Pair: entry.Adapter[block, target]!, entry.Factor)).ToArray();
        if (parts.Length == 0) return null;
        if (parts is [(_, not 1f), ..] or [_, _, ..] && parts.Any(part => part.Pair.Magnitude is not null))
            throw new AdapterMismatchException("stack", $"has DoRA magnitudes on {LoraShapes.TensorName(block, target)}, which do not add up with other adapters or factors; merge it into the model instead");
        if (parts is [(var only, 1f)]) return only;
        var (inputs, outputs, rank) = (parts[0].Pair.Inputs, parts[0].Pair.Outputs, parts.Sum(part => part.Pair.Rank));
        var b = new float[checked(outputs * rank)];
        var first = 0;
        foreach (var (pair, factor) in parts)
        {
            for (var n = 0; n < outputs; n++)
                for (var r = 0; r < pair.Rank; r++)
                    b[n * rank + first + r] = pair.B[n * pair.Rank + r] * (pair.Scale * factor);
            first += pair.Rank;
        }

        return new LoraPair(rank, inputs, outputs, 1f, [.. parts.SelectMany(part => part.Pair.A)], b);
    }
}
