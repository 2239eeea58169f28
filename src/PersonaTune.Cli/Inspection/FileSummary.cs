using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Engine.Formats;

namespace PersonaTune.Cli.Inspection;

/// <summary>What a GGUF or safetensors file says of itself.</summary>
internal sealed record FileSummary(
    string Path, string Format, long Bytes, string? Digest, IReadOnlyList<KeyValuePair<string, GgufValue?>> Metadata,
    IReadOnlyDictionary<string, string> Strings, IReadOnlyList<TensorSummary> Tensors)
{
    private static ReadOnlySpan<byte> GgufMagic => "GGUF"u8;

    public static FileSummary Read(string path)
    {
        if (!File.Exists(path)) throw new ToolException(ExitCode.BadInput, $"{path}: no such file");
        return IsGguf(path) ? Gguf(path) : Safetensors(path);
    }

    public void Write(Invocation invocation)
    {
        if (invocation.Json) JsonReport.Write(invocation.Console.Out, WriteJson);
        else WriteText(invocation.Console.Out);
    }

    private static bool IsGguf(string path)
    {
        using var stream = File.OpenRead(path);
        Span<byte> start = stackalloc byte[4];
        return stream.ReadAtLeast(start, 4, throwOnEndOfStream: false) == 4 && start.SequenceEqual(GgufMagic);
    }

    private static FileSummary Gguf(string path)
    {
        using var file = GgufFile.Open(path);
        return new FileSummary(path, string.Create(CultureInfo.InvariantCulture, $"GGUF version {file.Version}"), file.ByteLength, file.Digest,
            [.. file.Metadata.Entries.Select(pair => KeyValuePair.Create(pair.Key, (GgufValue?)pair.Value))], new Dictionary<string, string>(),
            [.. file.Tensors.Select(tensor => new TensorSummary(tensor.Name, tensor.Type.ToString(), [.. tensor.Shape.Reverse()], tensor.ByteLength))]);
    }

    private static FileSummary Safetensors(string path)
    {
        // Both formats are told apart by their first bytes, so a text file deserves a message about both, not about safetensors alone.
        using var stream = File.OpenRead(path);
        Span<byte> start = stackalloc byte[9];
        if (stream.ReadAtLeast(start, 9, throwOnEndOfStream: false) < 9 || start[8] != (byte)'{' || BinaryPrimitives.ReadUInt64LittleEndian(start) > 1UL << 40)
            throw new ToolException(ExitCode.BadInput, $"{path}: neither a GGUF nor a safetensors file");
        using var file = SafetensorsFile.Open(path);
        return new FileSummary(path, "safetensors", stream.Length, null, [], file.Metadata,
            [.. file.Tensors.Select(tensor => new TensorSummary(tensor.Name, tensor.Type.ToString(), tensor.Shape, tensor.ByteLength))]);
    }

    private void WriteText(TextWriter output)
    {
        output.WriteLine($"file      {Path}");
        output.WriteLine($"format    {Format}");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"size      {Bytes} bytes ({Bytes / 1048576.0:F1} MiB)"));
        if (Digest is not null) output.WriteLine($"sha256    {Digest}");
        output.WriteLine();
        foreach (var (key, value) in Metadata) output.WriteLine($"{key} = {Clip(value!.ToString())}");
        foreach (var (key, value) in Strings) output.WriteLine($"{key} = {Clip(value)}");
        output.WriteLine();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Tensors.Count} tensors"));
        foreach (var group in Tensors.GroupBy(tensor => tensor.Type).OrderByDescending(group => group.Sum(tensor => tensor.Bytes)))
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {group.Key,-5} {group.Count(),5} tensors {group.Sum(tensor => tensor.Bytes),14} bytes"));
    }

    private void WriteJson(Utf8JsonWriter json)
    {
        json.WriteString("file", Path);
        json.WriteString("format", Format);
        json.WriteNumber("bytes", Bytes);
        json.WriteString("sha256", Digest);
        json.WriteStartObject("metadata");
        foreach (var (key, value) in Metadata) json.WriteString(key, value!.ToString());
        foreach (var (key, value) in Strings) json.WriteString(key, value);
        json.WriteEndObject();
        TensorReport.Write(json, Tensors);
    }

    private static string Clip(string text)
    {
        var line = text.ReplaceLineEndings(" ");
        return line.Length <= 100 ? line : $"{line[..97]}...";
    }
}
