using System.Globalization;
using System.Text;
using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Lora;

/// <summary>
/// This library's own adapter file: safetensors with <c>&lt;base tensor&gt;.lora_a</c> (rank, inputs), <c>.lora_b</c> (outputs, rank) and
/// <c>.lora_scale</c> (1), with DoRA also <c>.lora_magnitude</c> (outputs), in f32, and the configuration, the base model's SHA-256 and its number of blocks in the metadata. Reading what was
/// written gives the same bits. Thread-safe.
/// </summary>
public static class LoraSafetensors
{
    private const string Format = "personatune.lora";
    private const string Version = "1";

    /// <summary>The file's bytes.</summary>
    public static byte[] Write(LoraAdapter adapter)
    {
        using var stream = new MemoryStream();
        Collect(adapter).Write(stream);
        return stream.ToArray();
    }

    /// <summary>Writes the file atomically.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(LoraAdapter adapter, string path) => Collect(adapter).Write(path);

    /// <summary>Reads the bytes of a file; <paramref name="name"/> names it in messages. Check it against a model before use: <see cref="LoraCompatibility"/>.</summary>
    /// <exception cref="FileFormatException">The bytes are no adapter of this format.</exception>
    public static LoraAdapter Read(ReadOnlySpan<byte> bytes, string name = "adapter buffer")
    {
        using var file = SafetensorsFile.FromBytes(bytes, name, SafetensorsOptions.Adapter);
        return Read(file);
    }

    /// <summary>Reads a file and demands that it belongs to <paramref name="model"/>.</summary>
    /// <exception cref="FileFormatException">The file is no adapter of this format.</exception>
    /// <exception cref="AdapterMismatchException">It belongs to another model.</exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static LoraAdapter Read(string path, DecoderModel model)
    {
        using var file = SafetensorsFile.Open(path, SafetensorsOptions.Adapter);
        var adapter = Read(file);
        LoraCompatibility.Demand(adapter, model, path);
        return adapter;
    }

    private static SafetensorsWriter Collect(LoraAdapter adapter)
    {
        ArgumentNullException.ThrowIfNull(adapter);
        var writer = new SafetensorsWriter();
        writer.SetMetadata("format", Format);
        writer.SetMetadata("version", Version);
        writer.SetMetadata("base_sha256", adapter.BaseDigest);
        writer.SetMetadata("block_count", adapter.BlockCount.ToString(CultureInfo.InvariantCulture));
        writer.SetMetadata("lora_config", Encoding.UTF8.GetString(LoraConfigJson.Write(adapter.Config)));
        foreach (var (block, target, pair) in adapter.Pairs())
        {
            var name = LoraShapes.TensorName(block, target);
            LoraTensors.DemandRank(pair, name);
            writer.Add(name + ".lora_a", [pair.Rank, pair.Inputs], pair.A);
            writer.Add(name + ".lora_b", [pair.Outputs, pair.Rank], pair.B);
            writer.Add(name + ".lora_scale", [1], new[] { pair.Scale });
            if (pair.Magnitude is { } magnitude) writer.Add(name + ".lora_magnitude", [pair.Outputs], magnitude);
        }

        return writer;
    }

    private static LoraAdapter Read(SafetensorsFile file)
    {
        string Metadata(string key) => file.Metadata.TryGetValue(key, out var value)
            ? value
            : throw new FileFormatException(file.Subject, $"metadata '{key}' is missing; this is no adapter written by PersonaTune");
        if (Metadata("format") != Format || Metadata("version") != Version)
            throw new FileFormatException(file.Subject, $"expected format {Format} version {Version}, found {Metadata("format")} version {Metadata("version")}");
        if (!int.TryParse(Metadata("block_count"), NumberStyles.None, CultureInfo.InvariantCulture, out var blocks) || blocks is < 1 or > 512)
            throw new FileFormatException(file.Subject, $"block_count must be 1 to 512, found '{Metadata("block_count")}'");
        var digest = Metadata("base_sha256");
        if (digest.Length > 0 && (digest.Length != 64 || !digest.All(char.IsAsciiHexDigit)))
            throw new FileFormatException(file.Subject, "base_sha256 must be 64 hex digits or empty");
        var adapter = new LoraAdapter(LoraConfigJson.Read(Metadata("lora_config"), file.Subject), blocks, digest);
        var found = 0;
        var names = file.Tensors.Select(tensor => tensor.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var tensor in file.Tensors)
        {
            if (!tensor.Name.EndsWith(".lora_a", StringComparison.Ordinal)) continue;
            var stem = tensor.Name[..^7];
            if (!LoraShapes.TryParse(stem, out var block, out var target) || block >= blocks)
                throw new FileFormatException(file.Subject, $"tensor '{tensor.Name}' names no layer of a model of {blocks} blocks");
            var magnitude = names.Contains(stem + ".lora_magnitude") ? file.GetFloats(stem + ".lora_magnitude") : null;
            adapter[block, target] = LoraTensors.Pair(file.Subject, stem, Shape(tensor), Shape(file.GetTensor(stem + ".lora_b")),
                file.GetFloats(tensor.Name), file.GetFloats(stem + ".lora_b"), _ => Scale(file, stem), magnitude);
            found += magnitude is null ? 3 : 4;
        }

        if (found != file.Tensors.Count)
            throw new FileFormatException(file.Subject, $"{file.Tensors.Count} tensors but only {found} belong to pairs of lora_a, lora_b and lora_scale");
        return adapter;
    }

    private static float Scale(SafetensorsFile file, string stem) => file.GetFloats(stem + ".lora_scale") is [var scale]
        ? scale
        : throw new FileFormatException(file.Subject, $"tensor '{stem}.lora_scale' must hold one value");

    private static (long Rows, long Columns) Shape(SafetensorsTensor tensor) => tensor.Shape is [var rows, var columns] ? (rows, columns) : (-1, -1);
}
