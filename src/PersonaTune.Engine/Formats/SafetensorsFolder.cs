using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace PersonaTune.Engine.Formats;

/// <summary>All tensors of a folder: <c>model.safetensors</c>, or the shards that <c>model.safetensors.index.json</c> names.</summary>
internal sealed class SafetensorsFolder : IDisposable
{
    private readonly List<SafetensorsFile> _files = [];
    private readonly Dictionary<string, (SafetensorsFile File, SafetensorsTensor Tensor)> _tensors = new(StringComparer.Ordinal);

    private SafetensorsFolder(string folder) => Subject = folder;

    public string Subject { get; }

    public IEnumerable<string> Names => _tensors.Keys;

    public static SafetensorsFolder Open(string folder)
    {
        var result = new SafetensorsFolder(folder);
        try
        {
            foreach (var name in Shards(folder)) result.Add(Path.Combine(folder, name));
            return result;
        }
        catch
        {
            result.Dispose();
            throw;
        }
    }

    public bool TryGet(string name, [NotNullWhen(true)] out SafetensorsFile? file, [NotNullWhen(true)] out SafetensorsTensor? tensor)
    {
        var found = _tensors.TryGetValue(name, out var entry);
        (file, tensor) = entry;
        return found;
    }

    public void Dispose()
    {
        foreach (var file in _files) file.Dispose();
    }

    private static SortedSet<string> Shards(string folder)
    {
        var index = Path.Combine(folder, "model.safetensors.index.json");
        var names = new SortedSet<string>(StringComparer.Ordinal);
        if (!File.Exists(index))
        {
            names.Add("model.safetensors");
            return File.Exists(Path.Combine(folder, "model.safetensors"))
                ? names
                : throw new FileFormatException(folder, "the folder holds neither model.safetensors nor model.safetensors.index.json");
        }

        if (new FileInfo(index).Length > 64 << 20) throw new FileFormatException(index, "the index is longer than 64 MiB");
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(index));
            foreach (var entry in document.RootElement.GetProperty("weight_map").EnumerateObject())
            {
                var name = entry.Value.GetString() ?? string.Empty;
                // A name with a folder in it could reach outside the model.
                if (name.Length == 0 || name is "." or ".." || name.AsSpan().ContainsAny('/', '\\', ':'))
                    throw new FileFormatException(index, $"'{name}' is no plain file name");
                names.Add(name);
            }

            return names;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new FileFormatException(index, $"the index has no usable weight_map: {exception.Message}", exception);
        }
    }

    private void Add(string path)
    {
        if (!File.Exists(path)) throw new FileFormatException(Subject, $"the shard '{Path.GetFileName(path)}' that the index names is missing");
        var file = SafetensorsFile.Open(path);
        _files.Add(file);
        foreach (var tensor in file.Tensors)
            if (!_tensors.TryAdd(tensor.Name, (file, tensor))) throw new FileFormatException(path, $"tensor '{tensor.Name}' occurs in another shard too");
    }
}
