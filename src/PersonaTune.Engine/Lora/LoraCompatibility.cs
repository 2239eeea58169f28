using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Lora;

/// <summary>Checks that an adapter belongs to a model before any number of it is used.</summary>
public static class LoraCompatibility
{
    /// <summary>
    /// Demands the model's digest (unless the adapter's file did not say, as foreign files do not), its number of blocks, at least one pair, and
    /// the shape of every pair.
    /// </summary>
    /// <exception cref="AdapterMismatchException">Names what differs.</exception>
    public static void Demand(LoraAdapter adapter, DecoderModel model, string name = "adapter")
    {
        ArgumentNullException.ThrowIfNull(adapter);
        ArgumentNullException.ThrowIfNull(model);
        if (adapter.BaseDigest.Length > 0 && !string.Equals(adapter.BaseDigest, model.Digest, StringComparison.OrdinalIgnoreCase))
            throw new AdapterMismatchException(name,
                $"was trained on base model {adapter.BaseDigest} but this is {model.Digest} (SHA-256); load the model that it was trained on, or train it again on this one");
        if (adapter.BlockCount != model.Config.BlockCount)
            throw new AdapterMismatchException(name,
                $"is for a model of {adapter.BlockCount} blocks but this one has {model.Config.BlockCount}; load the model that it was trained on");
        var any = false;
        foreach (var (block, target, pair) in adapter.Pairs())
        {
            any = true;
            if (target == LoraTarget.Pointwise)
                throw new AdapterMismatchException(name, "adapts pointwise convolutions but the model is a decoder; open the picture encoder that it was trained on");
            var matrix = LoraShapes.Matrix(model, block, target);
            if (pair.Inputs != matrix.Columns || pair.Outputs != matrix.Rows)
                throw new AdapterMismatchException(name, $"has a pair for {LoraShapes.TensorName(block, target)} of shape ({pair.Outputs}, {pair.Inputs}) but the "
                    + $"model's matrix is ({matrix.Rows}, {matrix.Columns}); load the model that it was trained on");
        }

        if (!any) throw new AdapterMismatchException(name, "has no pair at all; nothing was trained or the file is incomplete");
    }
}
