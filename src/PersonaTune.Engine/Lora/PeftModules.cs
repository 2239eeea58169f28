using System.Globalization;
using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Lora;

/// <summary>Names of a model's layers in Hugging Face's models, and the order of their rows.</summary>
internal abstract class PeftModules
{
    /// <summary>Number of blocks.</summary>
    public abstract int Blocks { get; }

    /// <summary>Digest of the model.</summary>
    public abstract string Digest { get; }

    /// <summary>PEFT's <c>task_type</c>.</summary>
    public abstract string TaskType { get; }

    /// <summary>Rows of a head.</summary>
    public abstract int HeadLength { get; }

    /// <summary>The layer's full path, for example "model.layers.3.self_attn.q_proj".</summary>
    public abstract string Name(int block, LoraTarget target);

    /// <summary>The end of its path that all blocks share, as in <c>target_modules</c>; null where only the full path names it.</summary>
    public abstract string? Leaf(LoraTarget target);

    public abstract bool TryParse(string module, out int block, out LoraTarget target);

    /// <summary>
    /// Whether the rows of a layer stand in another order in Hugging Face's files (halves of a head) than in GGUF's (adjacent pairs): q and k of models that
    /// rotate adjacent pairs.
    /// </summary>
    public abstract bool IsPermuted(LoraTarget target);

    /// <exception cref="AdapterMismatchException">The adapter does not belong to the model.</exception>
    public abstract void Demand(LoraAdapter adapter, string name);

    /// <summary>The layers of a decoder of the llama family.</summary>
    internal sealed class Decoder(DecoderModel model) : PeftModules
    {
        public override int Blocks => model.Config.BlockCount;

        public override string Digest => model.Digest;

        public override string TaskType => "CAUSAL_LM";

        public override int HeadLength => model.Config.HeadLength;

        public override string Name(int block, LoraTarget target) => target == LoraTarget.Head ? "lm_head"
            : string.Create(CultureInfo.InvariantCulture, $"model.layers.{block}.{Group(target)}.{Leaf(target)}");

        public override string Leaf(LoraTarget target) => target switch
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

        public override bool TryParse(string module, out int block, out LoraTarget target)
        {
            (block, target) = (0, LoraTarget.Head);
            if (module == "lm_head") return true;
            if (module.Split('.') is not ["model", "layers", var number, var group, var leaf] || !TryNumber(number, out block)) return false;
            for (target = LoraTarget.Query; target <= LoraTarget.Down; target++)
                if (Leaf(target) == leaf) return group == Group(target);
            return false;
        }

        public override bool IsPermuted(LoraTarget target) => model.Config.RopeStyle == RopeStyle.AdjacentPairs && target is (LoraTarget.Query or LoraTarget.Key);

        public override void Demand(LoraAdapter adapter, string name) => LoraCompatibility.Demand(adapter, model, name);

        private static string Group(LoraTarget target) => target is LoraTarget.Gate or LoraTarget.Up or LoraTarget.Down ? "mlp" : "self_attn";
    }

    /// <summary>The layers of a ViT or DeiT.</summary>
    internal sealed class Encoder(Vision.Transformer.VisionTransformer encoder) : PeftModules
    {
        private readonly string _root = encoder.Config.DistillationToken ? "deit" : "vit";

        public override int Blocks => encoder.Config.BlockCount;

        public override string Digest => encoder.Digest;

        public override string TaskType => "FEATURE_EXTRACTION";

        public override int HeadLength => encoder.Config.HeadLength;

        public override string Name(int block, LoraTarget target) => string.Create(CultureInfo.InvariantCulture, $"{_root}.encoder.layer.{block}.{Path(target)}");

        // Two layers of a block end in output.dense, so that these are named by what stands before.
        public override string? Leaf(LoraTarget target) => target switch
        {
            LoraTarget.Output => "attention.output.dense",
            LoraTarget.Up => "intermediate.dense",
            // The shorter path is the end of the longer one: PEFT would adapt both.
            LoraTarget.Down => null,
            _ => Path(target)[(Path(target).LastIndexOf('.') + 1)..],
        };

        public override bool TryParse(string module, out int block, out LoraTarget target)
        {
            (block, target) = (0, LoraTarget.Head);
            foreach (var root in new[] { "vit.", "deit." })
                if (module.StartsWith(root, StringComparison.Ordinal)) module = module[root.Length..];
            if (module.Split('.', 4) is not ["encoder", "layer", var number, var path] || !TryNumber(number, out block)) return false;
            foreach (var known in new[] { LoraTarget.Query, LoraTarget.Key, LoraTarget.Value, LoraTarget.Output, LoraTarget.Up, LoraTarget.Down })
            {
                target = known;
                if (Path(known) == path) return true;
            }

            return false;
        }

        public override bool IsPermuted(LoraTarget target) => false;

        public override void Demand(LoraAdapter adapter, string name) => encoder.Demand(adapter, name);

        private static string Path(LoraTarget target) => target switch
        {
            LoraTarget.Query => "attention.attention.query",
            LoraTarget.Key => "attention.attention.key",
            LoraTarget.Value => "attention.attention.value",
            LoraTarget.Output => "attention.output.dense",
            LoraTarget.Up => "intermediate.dense",
            LoraTarget.Down => "output.dense",
            _ => throw new ArgumentOutOfRangeException(nameof(target), target, "no layer of a vision transformer"),
        };
    }

    // Without leading zeros, so that no two names mean one layer.
    private bool TryNumber(string text, out int block) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out block) && block < Blocks && (text.Length == 1 || text[0] != '0');
}
