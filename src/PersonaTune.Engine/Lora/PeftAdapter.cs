using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Vision;
using PersonaTune.Engine.Vision.Transformer;

namespace PersonaTune.Engine.Lora;

/// <summary>
/// PEFT's adapter folders: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c> with <c>base_model.model.&lt;module&gt;.lora_A.weight</c> (r, in),
/// <c>.lora_B.weight</c> (out, r) and, with DoRA, <c>.lora_magnitude_vector</c> (out). Ranks and alphas by pattern, rsLoRA and DoRA are read and written. The rows of q
/// and k are reordered where the model rotates adjacent pairs. Reading what was written gives the same bits. Static and thread-safe.
/// </summary>
public static partial class PeftAdapter
{
    internal const string ConfigName = "adapter_config.json";
    internal const string WeightsName = "adapter_model.safetensors";
    private const string Prefix = "base_model.model.";

    /// <summary>Whether a folder holds a PEFT adapter.</summary>
    public static bool Exists(string directory) => File.Exists(Path.Combine(directory, ConfigName)) && File.Exists(Path.Combine(directory, WeightsName));

    /// <summary>What the folder calls its base (<c>base_model_name_or_path</c>), or null where it does not say.</summary>
    /// <exception cref="FileFormatException">The configuration is missing, malformed or not supported.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static string? BaseModelName(string directory) => PeftConfig.Read(Path.Combine(directory, ConfigName)).BaseModel;

    /// <summary>Reads a folder as an adapter of <paramref name="model"/>. Which layers carry pairs the tensors say.</summary>
    /// <exception cref="FileFormatException">A file is missing, damaged, or asks for what is not supported.</exception>
    /// <exception cref="AdapterMismatchException">The adapter belongs to another model.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static LoraAdapter Read(string directory, DecoderModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Read(directory, new PeftModules.Decoder(model));
    }

    /// <summary>Reads a folder as an adapter of a ViT or DeiT.</summary>
    /// <exception cref="FileFormatException">A file is missing, damaged, or asks for what is not supported.</exception>
    /// <exception cref="AdapterMismatchException">The adapter belongs to another encoder.</exception>
    /// <exception cref="ArgumentException">The encoder is no vision transformer.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static LoraAdapter Read(string directory, PhotoEncoder encoder) => Read(directory, Modules(encoder));

    private static PeftModules.Encoder Modules(PhotoEncoder encoder) => encoder is VisionTransformer transformer
        ? new PeftModules.Encoder(transformer)
        : throw new ArgumentException("PEFT adapters are for ViT and DeiT encoders; this one is none", nameof(encoder));

    private static LoraAdapter Read(string directory, PeftModules model)
    {
        var config = PeftConfig.Read(Path.Combine(directory, ConfigName));
        var path = Path.Combine(directory, WeightsName);
        if (!File.Exists(path)) throw new FileFormatException(path, "the file is missing; save the adapter as safetensors");
        using var file = SafetensorsFile.Open(path, SafetensorsOptions.Adapter);
        var parts = new Dictionary<string, Parts>(StringComparer.Ordinal);
        foreach (var tensor in file.Tensors) Collect(file, tensor, parts);

        var pairs = new List<(int Block, LoraTarget Target, LoraPair Pair)>();
        foreach (var (module, part) in parts)
        {
            if (!model.TryParse(module, out var block, out var target))
                throw new AdapterMismatchException(path, $"adapts '{module}', which is no layer of this model of {model.Blocks} blocks that can carry a pair");
            pairs.Add((block, target, Pair(file, config, model, module, target, part)));
        }

        if (pairs.Count == 0) throw new FileFormatException(path, "the adapter has no pairs");
        var adapter = new LoraAdapter(Describe(pairs, config), model.Blocks, string.Empty);
        foreach (var (block, target, pair) in pairs)
        {
            if (adapter[block, target] is not null) throw new FileFormatException(path, $"adapts '{model.Name(block, target)}' twice, under two names");
            adapter[block, target] = pair;
        }

        model.Demand(adapter, directory);
        return adapter;
    }

    // Names with the adapter's own name in them ("lora_A.default.weight") are in-memory names that some tools save.
    private static void Collect(SafetensorsFile file, SafetensorsTensor tensor, Dictionary<string, Parts> parts)
    {
        var name = tensor.Name;
        if (!name.StartsWith(Prefix, StringComparison.Ordinal)) throw new FileFormatException(file.Subject, $"tensor '{name}' does not begin with '{Prefix}', as PEFT's names do");
        foreach (var (kind, set) in new (string, Func<Parts, SafetensorsTensor, bool>)[]
        {
            (".lora_A", (part, value) => part.SetA(value)), (".lora_B", (part, value) => part.SetB(value)), (".lora_magnitude_vector", (part, value) => part.SetMagnitude(value)),
        })
        {
            var at = name.LastIndexOf(kind, StringComparison.Ordinal);
            if (at < Prefix.Length) continue;
            var rest = name[(at + kind.Length)..];
            if (rest is not (".weight" or ".default.weight" or "" or ".default")) break;
            var module = name[Prefix.Length..at];
            if (!parts.TryGetValue(module, out var part)) parts[module] = part = new Parts();
            if (!set(part, tensor)) throw new FileFormatException(file.Subject, $"'{module}{kind}' occurs twice");
            return;
        }

        throw new FileFormatException(file.Subject, $"tensor '{name}' is no part of a LoRA pair on a linear layer");
    }

    private static LoraPair Pair(SafetensorsFile file, PeftConfig config, PeftModules model, string module, LoraTarget target, Parts part)
    {
        if (part.A is null || part.B is null) throw new FileFormatException(file.Subject, $"'{module}' has {(part.A is null ? "no lora_A" : "no lora_B")}; the file is incomplete");
        if (config.Dora != part.Magnitude is not null)
            throw new FileFormatException(file.Subject, $"use_dora is {(config.Dora ? "true" : "false")} but '{module}' has {(part.Magnitude is null ? "no" : "a")} magnitude vector");
        var pair = LoraTensors.Pair(file.Subject, module, Shape(part.A), Shape(part.B), Floats(file, part.A), Floats(file, part.B), rank => config.ScaleOf(module, rank),
            part.Magnitude is null ? null : Floats(file, part.Magnitude));
        if (!config.IsTarget(module)) throw new FileFormatException(file.Subject, $"holds '{module}', which target_modules does not name, so that PEFT would ignore it; name it there or remove its tensors");
        var stated = config.RankOf(module);
        if (pair.Rank != stated) throw new FileFormatException(file.Subject, $"'{module}' has rank {pair.Rank} but adapter_config.json says {stated}");
        if (!model.IsPermuted(target)) return pair;
        var head = model.HeadLength;
        if (pair.Outputs % head != 0) throw new AdapterMismatchException(file.Subject, $"has {pair.Outputs} outputs on '{module}', which are no whole heads of {head}");
        var b = new float[pair.B.Length];
        HeadPermutation.ToAdjacent(pair.B, b, pair.Rank, head);
        float[]? magnitude = null;
        if (pair.Magnitude is not null)
        {
            magnitude = new float[pair.Outputs];
            HeadPermutation.ToAdjacent(pair.Magnitude, magnitude, 1, head);
        }

        return new LoraPair(pair.Rank, pair.Inputs, pair.Outputs, pair.Scale, pair.A, b, magnitude);
    }

    private static float[] Floats(SafetensorsFile file, SafetensorsTensor tensor) => tensor.Type is SafetensorsType.F32 or SafetensorsType.F16 or SafetensorsType.BF16
        ? file.GetFloats(tensor.Name)
        : throw new FileFormatException(file.Subject, $"tensor '{tensor.Name}' holds {tensor.Type}; F32, F16 and BF16 are read");

    private static (long Rows, long Columns) Shape(SafetensorsTensor tensor) => tensor.Shape is [var rows, var columns] ? (rows, columns) : (-1, -1);

    // What the whole adapter has in common; pairs carry their own ranks and scales.
    private static LoraConfig Describe(List<(int Block, LoraTarget Target, LoraPair Pair)> pairs, PeftConfig config)
    {
        var ranks = new Dictionary<LoraTarget, int>();
        foreach (var (_, target, pair) in pairs) ranks.TryAdd(target, pair.Rank);
        return new LoraConfig
        {
            Rank = config.Rank,
            Alpha = (float)config.Alpha,
            RankStabilized = config.RankStabilized,
            Dropout = config.Dropout,
            Targets = ranks.Keys.Order().ToArray(),
            RankPattern = ranks.Where(entry => entry.Value != config.Rank).ToDictionary(),
        };
    }

    private sealed class Parts
    {
        public SafetensorsTensor? A { get; private set; }

        public SafetensorsTensor? B { get; private set; }

        public SafetensorsTensor? Magnitude { get; private set; }

        public bool SetA(SafetensorsTensor tensor) => A is null && (A = tensor) is not null;

        public bool SetB(SafetensorsTensor tensor) => B is null && (B = tensor) is not null;

        public bool SetMagnitude(SafetensorsTensor tensor) => Magnitude is null && (Magnitude = tensor) is not null;
    }
}
