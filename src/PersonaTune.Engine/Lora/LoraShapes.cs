using PersonaTune.Engine.Models;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Lora;

/// <summary>Which layer of a model a target names, under which tensor name, and how its scale follows from the configuration.</summary>
public static class LoraShapes
{
    /// <summary>GGUF name of the base tensor, for example "blk.3.attn_q.weight".</summary>
    public static string TensorName(int block, LoraTarget target) => target == LoraTarget.Head
        ? "output.weight"
        : $"blk.{block.ToString(System.Globalization.CultureInfo.InvariantCulture)}.{Stem(target)}.weight";

    /// <summary>The frozen matrix (outputs, inputs) of a layer; <paramref name="block"/> is ignored for the head.</summary>
    public static WeightMatrix Matrix(DecoderModel model, int block, LoraTarget target) => target switch
    {
        LoraTarget.Query => model.Blocks[block].Query,
        LoraTarget.Key => model.Blocks[block].Key,
        LoraTarget.Value => model.Blocks[block].Value,
        LoraTarget.Output => model.Blocks[block].Output,
        LoraTarget.Gate => model.Blocks[block].Gate,
        LoraTarget.Up => model.Blocks[block].Up,
        LoraTarget.Down => model.Blocks[block].Down,
        LoraTarget.Head => model.Head,
        LoraTarget.Pointwise => throw new ArgumentException("a decoder has no pointwise convolution that could carry a pair; choose other targets", nameof(target)),
        _ => throw new ArgumentOutOfRangeException(nameof(target), target, "unknown LoRA target"),
    };

    /// <summary>Rank of a target.</summary>
    public static int Rank(LoraConfig config, LoraTarget target) => config.RankPattern.TryGetValue(target, out var rank) ? rank : config.Rank;

    /// <summary>alpha / r, or alpha / sqrt(r) for rsLoRA (Kalajdzievski 2023), with the target's own rank and alpha.</summary>
    public static float Scale(LoraConfig config, LoraTarget target)
    {
        var alpha = config.AlphaPattern.TryGetValue(target, out var own) ? own : config.Alpha;
        var rank = Rank(config, target);
        return config.RankStabilized ? (float)(alpha / Math.Sqrt(rank)) : alpha / rank;
    }

    /// <summary>Parses a base tensor's name; false for a tensor that cannot carry a pair.</summary>
    internal static bool TryParse(ReadOnlySpan<char> name, out int block, out LoraTarget target)
    {
        (block, target) = (0, LoraTarget.Head);
        if (name.SequenceEqual("output.weight")) return true;
        if (!name.StartsWith("blk.") || !name.EndsWith(".weight")) return false;
        var rest = name[4..^7];
        var dot = rest.IndexOf('.');
        // Without leading zeros, so that no two names mean one layer.
        if (dot is < 1 or > 4 || (dot > 1 && rest[0] == '0') || !int.TryParse(rest[..dot], System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out block))
            return false;
        for (target = LoraTarget.Query; target < LoraTarget.Head; target++)
            if (rest[(dot + 1)..].SequenceEqual(Stem(target))) return true;
        return false;
    }

    private static string Stem(LoraTarget target) => target switch
    {
        LoraTarget.Query => "attn_q",
        LoraTarget.Key => "attn_k",
        LoraTarget.Value => "attn_v",
        LoraTarget.Output => "attn_output",
        LoraTarget.Gate => "ffn_gate",
        LoraTarget.Up => "ffn_up",
        LoraTarget.Down => "ffn_down",
        LoraTarget.Pointwise => "pointwise",
        _ => throw new ArgumentOutOfRangeException(nameof(target), target, "unknown LoRA target"),
    };
}
