using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Lora;

/// <summary>
/// GGUF adapter files as llama.cpp reads and writes them: <c>adapter.lora.alpha</c> and tensors <c>&lt;base tensor&gt;.lora_a</c>, <c>.lora_b</c>;
/// the scale of a pair is alpha / rank. The format knows neither rsLoRA nor an alpha a layer: where a pair's scale differs, the
/// difference is multiplied into B, so that every reader computes the same update. Thread-safe.
/// </summary>
/// <remarks>
/// Additional keys, which other readers skip: <c>personatune.base_sha256</c>, the base model's digest. llama.cpp knows no pair on a tied head.
/// </remarks>
public static class LoraGguf
{
    private const string DigestKey = "personatune.base_sha256";

    /// <summary>Reads a file and demands that it belongs to <paramref name="model"/>.</summary>
    /// <exception cref="FileFormatException">The file is no GGUF LoRA adapter.</exception>
    /// <exception cref="AdapterMismatchException">It belongs to another model.</exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static LoraAdapter Read(string path, DecoderModel model)
    {
        using var file = GgufFile.Open(path);
        return Read(file, model);
    }

    /// <summary>Reads an open file, copying its numbers, and demands that it belongs to <paramref name="model"/>.</summary>
    /// <exception cref="FileFormatException">The file is no GGUF LoRA adapter.</exception>
    /// <exception cref="AdapterMismatchException">It belongs to another model.</exception>
    public static LoraAdapter Read(GgufFile file, DecoderModel model)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(model);
        var metadata = file.Metadata;
        if (metadata.FindString("general.type") != "adapter" || metadata.FindString("adapter.type") != "lora")
            throw new FileFormatException(file.Subject, "expected general.type 'adapter' and adapter.type 'lora', found "
                + $"'{metadata.FindString("general.type")}' and '{metadata.FindString("adapter.type")}'; is this a model rather than an adapter?");
        if (metadata.FindString("general.architecture") is { } architecture && architecture != model.Config.Architecture)
            throw new AdapterMismatchException(file.Subject,
                $"is for architecture '{architecture}' but the model is '{model.Config.Architecture}'; load the model that it was trained on");
        var alpha = metadata.GetSingle("adapter.lora.alpha");
        if (!float.IsFinite(alpha)) throw new FileFormatException(file.Subject, "adapter.lora.alpha is not finite");

        var pairs = new List<(int Block, LoraTarget Target, LoraPair Pair)>();
        foreach (var tensor in file.Tensors)
        {
            if (!tensor.Name.EndsWith(".lora_a", StringComparison.Ordinal)) continue;
            var stem = tensor.Name[..^7];
            if (!LoraShapes.TryParse(stem, out var block, out var target) || (target != LoraTarget.Head && block >= model.Config.BlockCount))
                throw new AdapterMismatchException(file.Subject, $"adapts '{stem}', which is no layer of this model that can carry a pair");
            var b = file.GetTensor(stem + ".lora_b");
            pairs.Add((block, target, LoraTensors.Pair(file.Subject, stem, Shape(tensor), Shape(b), file.GetFloats(tensor.Name), file.GetFloats(b.Name),
                rank => alpha == 0f ? 1f : alpha / rank)));
        }

        if (2 * pairs.Count != file.Tensors.Count)
            throw new FileFormatException(file.Subject, $"{file.Tensors.Count} tensors but {pairs.Count} pairs of lora_a and lora_b");
        if (pairs.Count == 0) throw new FileFormatException(file.Subject, "the adapter has no pairs");
        var adapter = new LoraAdapter(Describe(pairs, alpha), model.Config.BlockCount, metadata.FindString(DigestKey) ?? "");
        foreach (var (block, target, pair) in pairs) adapter[block, target] = pair;
        LoraCompatibility.Demand(adapter, model, file.Subject);
        return adapter;
    }

    /// <summary>Writes an adapter of <paramref name="model"/> atomically.</summary>
    /// <exception cref="AdapterMismatchException">The adapter does not belong to the model.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(LoraAdapter adapter, DecoderModel model, string path) => Collect(adapter, model).Write(path);

    /// <summary>The bytes of the file that <see cref="Write(LoraAdapter, DecoderModel, string)"/> writes.</summary>
    /// <exception cref="AdapterMismatchException">The adapter does not belong to the model.</exception>
    public static byte[] Write(LoraAdapter adapter, DecoderModel model)
    {
        using var stream = new MemoryStream();
        Collect(adapter, model).Write(stream);
        return stream.ToArray();
    }

    private static GgufWriter Collect(LoraAdapter adapter, DecoderModel model)
    {
        LoraCompatibility.Demand(adapter, model);
        var writer = new GgufWriter();
        writer.Set("general.type", GgufValue.Of("adapter"));
        writer.Set("general.architecture", GgufValue.Of(model.Config.Architecture));
        writer.Set("adapter.type", GgufValue.Of("lora"));
        writer.Set("adapter.lora.alpha", GgufValue.Of(adapter.Config.Alpha));
        writer.Set(DigestKey, GgufValue.Of(model.Digest));
        foreach (var (block, target, pair) in adapter.Pairs())
        {
            var name = LoraShapes.TensorName(block, target);
            LoraTensors.DemandExportable(pair, name);
            if (pair.Magnitude is not null)
                throw new AdapterMismatchException("adapter", $"has DoRA magnitudes on {name}, which a GGUF adapter cannot hold; write a PEFT directory, or merge it into the model");
            var implied = adapter.Config.Alpha / pair.Rank;
            var b = pair.Scale == implied ? pair.B : Array.ConvertAll(pair.B, value => value * (pair.Scale / implied));
            writer.Add(name + ".lora_a", [pair.Inputs, pair.Rank], pair.A);
            writer.Add(name + ".lora_b", [pair.Rank, pair.Outputs], b);
        }

        return writer;
    }

    // GGUF names the length of a row first.
    private static (long Rows, long Columns) Shape(GgufTensor tensor) => tensor.Shape is [var columns, var rows] ? (rows, columns) : (-1, -1);

    // A file may rank each block differently, which a configuration by target cannot say: the pairs themselves stay exact.
    private static LoraConfig Describe(List<(int Block, LoraTarget Target, LoraPair Pair)> pairs, float alpha)
    {
        var ranks = new Dictionary<LoraTarget, int>();
        foreach (var (_, target, pair) in pairs) ranks.TryAdd(target, pair.Rank);
        var rank = pairs[0].Pair.Rank;
        return new LoraConfig
        {
            Rank = rank,
            Alpha = alpha == 0f ? rank : alpha,
            Targets = ranks.Keys.Order().ToArray(),
            RankPattern = ranks.Where(entry => entry.Value != rank).ToDictionary(),
        };
    }
}
