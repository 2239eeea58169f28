using System.Globalization;
using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Lora;

/// <summary>Names of a decoder's layers in Hugging Face models of the llama family, and the order of their rows.</summary>
internal static class PeftModules
{
    /// <summary>"model.layers.3.self_attn.q_proj", or "lm_head".</summary>
    public static string Name(int block, LoraTarget target) => target == LoraTarget.Head ? "lm_head"
        : string.Create(CultureInfo.InvariantCulture, $"model.layers.{block}.{(target is LoraTarget.Gate or LoraTarget.Up or LoraTarget.Down ? "mlp" : "self_attn")}.{Leaf(target)}");

    /// <summary>"q_proj", as in <c>target_modules</c>.</summary>
    public static string Leaf(LoraTarget target) => target switch
    {
        LoraTarget.Query => "q_proj",
        LoraTarget.Key => "k_proj",
        LoraTarget.Value => "v_proj",
        LoraTarget.Output => "o_proj",
        LoraTarget.Gate => "gate_proj",
        LoraTarget.Up => "up_proj",
        LoraTarget.Down => "down_proj",
        LoraTarget.Head => "lm_head",
        _ => throw new ArgumentOutOfRangeException(nameof(target), target, "no layer of a decoder"),
    };

    public static bool TryParse(string module, int blocks, out int block, out LoraTarget target)
    {
        (block, target) = (0, LoraTarget.Head);
        if (module == "lm_head") return true;
        var parts = module.Split('.');
        if (parts is not ["model", "layers", var number, var group, var leaf] || !int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out block) || block >= blocks) return false;
        for (target = LoraTarget.Query; target <= LoraTarget.Down; target++)
            if (Leaf(target) == leaf) return group == (target is LoraTarget.Gate or LoraTarget.Up or LoraTarget.Down ? "mlp" : "self_attn");
        return false;
    }

    /// <summary>
    /// Whether the rows of a layer stand in another order in Hugging Face's files (halves of a head) than in GGUF's (adjacent pairs): q and k of models that
    /// rotate adjacent pairs.
    /// </summary>
    public static bool IsPermuted(DecoderModel model, LoraTarget target) => model.Config.RopeStyle == RopeStyle.AdjacentPairs && target is (LoraTarget.Query or LoraTarget.Key);
}
