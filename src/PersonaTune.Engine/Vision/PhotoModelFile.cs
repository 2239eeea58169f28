using System.Globalization;
using System.Text;
using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Lora;

namespace PersonaTune.Engine.Vision;

/// <summary>
/// A trained label model as a safetensors file: LoRA pairs under the names of <see cref="LoraSafetensors"/>, the head as <c>head.centre</c>, <c>.means</c>,
/// <c>.weights</c>, <c>.biases</c>, <c>.calibration</c>, and text metadata of the caller's. Reading what was written gives the same bits. Thread-safe.
/// </summary>
public static class PhotoModelFile
{
    private const string Format = "personatune.photos";
    private const int MaxLabels = 100_000;

    /// <summary>The file's bytes.</summary>
    /// <param name="result">What was trained.</param>
    /// <param name="encoderDigest">Digest of the encoder.</param>
    /// <param name="metadata">Additional text, for example lineage; keys begin with "x-".</param>
    public static byte[] Write(PhotoTrainingResult result, string encoderDigest, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(result);
        var head = result.Head;
        var writer = new SafetensorsWriter();
        writer.SetMetadata("format", Format);
        writer.SetMetadata("version", "1");
        writer.SetMetadata("base_sha256", encoderDigest);
        writer.SetMetadata("root", head.Root ? "1" : "0");
        foreach (var (key, value) in metadata ?? new Dictionary<string, string>())
            writer.SetMetadata(key.StartsWith("x-", StringComparison.Ordinal) ? key : throw new ArgumentException($"metadata key '{key}' must begin with 'x-'", nameof(metadata)), value);
        if (result.Adapter is { } adapter)
        {
            writer.SetMetadata("block_count", adapter.BlockCount.ToString(CultureInfo.InvariantCulture));
            writer.SetMetadata("lora_config", Encoding.UTF8.GetString(LoraConfigJson.Write(adapter.Config)));
            foreach (var (block, target, pair) in adapter.Pairs())
            {
                var name = LoraShapes.TensorName(block, target);
                writer.Add(name + ".lora_a", [pair.Rank, pair.Inputs], pair.A);
                writer.Add(name + ".lora_b", [pair.Outputs, pair.Rank], pair.B);
                writer.Add(name + ".lora_scale", [1], new[] { pair.Scale });
            }
        }

        writer.Add("head.centre", [head.EmbeddingLength], head.Centre);
        writer.Add("head.means", [head.Labels, head.EmbeddingLength], head.Means);
        writer.Add("head.weights", [head.Labels, head.EmbeddingLength], head.Weights);
        writer.Add("head.biases", [head.Labels], head.Biases);
        writer.Add("head.calibration", [3], new[] { head.Temperature, head.Threshold, head.Slope });
        using var stream = new MemoryStream();
        writer.Write(stream);
        return stream.ToArray();
    }

    /// <summary>Reads a file and its additional text; <paramref name="name"/> names it in messages.</summary>
    /// <exception cref="FileFormatException">The bytes are no label model.</exception>
    /// <exception cref="AdapterMismatchException">It belongs to another encoder.</exception>
    public static (PhotoTrainingResult Result, IReadOnlyDictionary<string, string> Metadata) Read(ReadOnlySpan<byte> bytes, PhotoEncoder encoder, string name = "label model")
    {
        ArgumentNullException.ThrowIfNull(encoder);
        using var file = SafetensorsFile.FromBytes(bytes, name, SafetensorsOptions.Model);
        if (Text("format") != Format || Text("version") != "1") throw new FileFormatException(name, $"expected format {Format} version 1, found {Text("format")} version {Text("version")}");
        var digest = Text("base_sha256");
        if (!string.Equals(digest, encoder.Digest, StringComparison.OrdinalIgnoreCase))
            throw new AdapterMismatchException(name, $"was trained on encoder {digest} but this is {encoder.Digest} (SHA-256); open the encoder that it was trained on, or train again");
        var adapter = file.Metadata.ContainsKey("lora_config") ? Adapter() : null;
        if (adapter is not null) encoder.Demand(adapter, name);

        var biases = Values("head.biases", -1);
        var labels = biases.Length;
        if (labels is < 1 or > MaxLabels) throw new FileFormatException(name, $"a head of {labels} labels");
        var dim = encoder.EmbeddingLength;
        var calibration = Values("head.calibration", 3);
        if (!(calibration[0] > 0) || !(calibration[2] > 0)) throw new FileFormatException(name, "the head's temperature and slope must be above 0");
        var head = new PhotoHead(labels, Text("root") == "1", Values("head.centre", dim), Values("head.means", (long)labels * dim), Values("head.weights", (long)labels * dim), biases,
            calibration[0], calibration[1], calibration[2]);
        var expected = 5 + 3 * (adapter?.Pairs().Count() ?? 0);
        if (file.Tensors.Count != expected) throw new FileFormatException(name, $"{file.Tensors.Count} tensors, expected {expected}");
        return (new PhotoTrainingResult(adapter, head, []), file.Metadata.Where(entry => entry.Key.StartsWith("x-", StringComparison.Ordinal)).ToDictionary());

        string Text(string key) => file.Metadata.TryGetValue(key, out var value) ? value : throw new FileFormatException(name, $"metadata '{key}' is missing; this is no label model written by PersonaTune");

        float[] Values(string tensor, long count)
        {
            var values = file.GetFloats(tensor);
            if (count >= 0 && values.Length != count) throw new FileFormatException(name, $"tensor '{tensor}' must hold {count} values, found {values.Length}");
            foreach (var value in values)
                if (!float.IsFinite(value)) throw new FileFormatException(name, $"tensor '{tensor}' holds a value that is not finite");
            return values;
        }

        LoraAdapter Adapter()
        {
            if (!int.TryParse(Text("block_count"), NumberStyles.None, CultureInfo.InvariantCulture, out var blocks) || blocks is < 1 or > 4_096)
                throw new FileFormatException(name, $"block_count must be 1 to 4096, found '{Text("block_count")}'");
            var result = new LoraAdapter(LoraConfigJson.Read(Text("lora_config"), name), blocks, digest);
            foreach (var tensor in file.Tensors.Where(tensor => tensor.Name.EndsWith(".lora_a", StringComparison.Ordinal)))
            {
                var stem = tensor.Name[..^7];
                if (!LoraShapes.TryParse(stem, out var block, out var target) || block >= blocks || target == LoraTarget.Head)
                    throw new FileFormatException(name, $"tensor '{tensor.Name}' names no layer of an encoder of {blocks} blocks");
                var b = file.GetTensor(stem + ".lora_b");
                result[block, target] = LoraTensors.Pair(name, stem, Shape(tensor), Shape(b), file.GetFloats(tensor.Name), file.GetFloats(b.Name),
                    _ => file.GetFloats(stem + ".lora_scale") is [var scale] ? scale : float.NaN);
            }

            return result;
        }

        static (long Rows, long Columns) Shape(SafetensorsTensor tensor) => tensor.Shape is [var rows, var columns] ? (rows, columns) : (-1, -1);
    }
}
