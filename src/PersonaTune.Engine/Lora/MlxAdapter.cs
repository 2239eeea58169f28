using System.Text.Json;
using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Lora;

/// <summary>
/// Adapter folders of mlx-lm: <c>adapters.safetensors</c> with <c>&lt;module&gt;.lora_a</c> (in, r) and <c>.lora_b</c> (r, out), and <c>adapter_config.json</c> with one
/// scale. Read only. Static and thread-safe.
/// </summary>
public static class MlxAdapter
{
    private const string ConfigName = "adapter_config.json";
    private const string WeightsName = "adapters.safetensors";

    /// <summary>Whether a folder holds an adapter of mlx-lm.</summary>
    public static bool Exists(string directory) => File.Exists(Path.Combine(directory, ConfigName)) && File.Exists(Path.Combine(directory, WeightsName));

    /// <summary>Reads a folder as an adapter of <paramref name="model"/>.</summary>
    /// <exception cref="FileFormatException">A file is missing, damaged, or asks for what is not supported.</exception>
    /// <exception cref="AdapterMismatchException">The adapter belongs to another model.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static LoraAdapter Read(string directory, DecoderModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var scale = Scale(Path.Combine(directory, ConfigName));
        var path = Path.Combine(directory, WeightsName);
        if (!File.Exists(path)) throw new FileFormatException(path, "the file is missing; an adapter of mlx-lm is a folder with adapter_config.json and adapters.safetensors");
        using var file = SafetensorsFile.Open(path, SafetensorsOptions.Adapter);
        var modules = new PeftModules.Decoder(model);
        var pairs = new List<(int Block, LoraTarget Target, LoraPair Pair)>();
        foreach (var tensor in file.Tensors)
        {
            if (tensor.Name.EndsWith(".lora_b", StringComparison.Ordinal)) continue;
            if (!tensor.Name.EndsWith(".lora_a", StringComparison.Ordinal)) throw new FileFormatException(path, $"tensor '{tensor.Name}' is no part of a LoRA pair; DoRA of mlx-lm is not supported");
            var module = tensor.Name[..^7];
            if (!modules.TryParse(module, out var block, out var target))
                throw new AdapterMismatchException(path, $"adapts '{module}', which is no layer of this model of {model.Config.BlockCount} blocks that can carry a pair");
            pairs.Add((block, target, Pair(file, tensor, module, target, scale, model)));
        }

        if (pairs.Count == 0 || file.Tensors.Count != 2 * pairs.Count) throw new FileFormatException(path, $"{file.Tensors.Count} tensors but {pairs.Count} pairs of lora_a and lora_b");
        var rank = pairs[0].Pair.Rank;
        var adapter = new LoraAdapter(new LoraConfig { Rank = rank, Alpha = scale * rank, Targets = pairs.Select(entry => entry.Target).Distinct().Order().ToArray() }, model.Config.BlockCount, string.Empty);
        foreach (var (block, target, pair) in pairs) adapter[block, target] = pair;
        LoraCompatibility.Demand(adapter, model, directory);
        return adapter;
    }

    private static LoraPair Pair(SafetensorsFile file, SafetensorsTensor a, string module, LoraTarget target, float scale, DecoderModel model)
    {
        var b = file.GetTensor(module + ".lora_b");
        if (a.Shape is not [var inputs, var rank] || b.Shape is not [var again, var outputs] || again != rank || inputs > int.MaxValue || outputs > int.MaxValue)
            throw new FileFormatException(file.Subject, $"'{module}' needs lora_a (inputs, rank) and lora_b (rank, outputs), found {a.ShapeText} and {b.ShapeText}");
        var pair = LoraTensors.Pair(file.Subject, module, (rank, inputs), (outputs, rank), Transpose(file.GetFloats(a.Name), (int)inputs, (int)Math.Min(rank, 513)),
            Transpose(file.GetFloats(b.Name), (int)Math.Min(rank, 513), (int)outputs), _ => scale);
        if (!new PeftModules.Decoder(model).IsPermuted(target)) return pair;
        if (pair.Outputs % model.Config.HeadLength != 0) throw new AdapterMismatchException(file.Subject, $"has {pair.Outputs} outputs on '{module}', which are no whole heads");
        var permuted = new float[pair.B.Length];
        HeadPermutation.ToAdjacent(pair.B, permuted, pair.Rank, model.Config.HeadLength);
        return new LoraPair(pair.Rank, pair.Inputs, pair.Outputs, scale, pair.A, permuted);
    }

    // (rows, columns) to (columns, rows)
    private static float[] Transpose(float[] values, int rows, int columns)
    {
        if (values.Length != (long)rows * columns) return values;
        var result = new float[values.Length];
        for (var r = 0; r < rows; r++)
            for (var c = 0; c < columns; c++) result[c * rows + r] = values[r * columns + c];
        return result;
    }

    private static float Scale(string path)
    {
        if (!File.Exists(path) || new FileInfo(path).Length > 1 << 20) throw new FileFormatException(path, "the file is missing or longer than 1 MiB");
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { MaxDepth = 16 });
            var root = document.RootElement;
            if (root.TryGetProperty("fine_tune_type", out var type) && type.GetString() is { } kind and not "lora") throw new FileFormatException(path, $"fine_tune_type '{kind}' is not supported; lora is");
            var parameters = root.TryGetProperty("lora_parameters", out var nested) ? nested : root;
            var scale = parameters.GetProperty("scale").GetSingle();
            return scale > 0 && float.IsFinite(scale) ? scale : throw new FileFormatException(path, $"the scale must be above 0, found {scale}");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new FileFormatException(path, $"the file is no valid adapter configuration: {exception.Message}", exception);
        }
    }
}
