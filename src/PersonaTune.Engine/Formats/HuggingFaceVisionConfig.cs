using System.Text.Json;

namespace PersonaTune.Engine.Formats;

/// <summary>GGUF metadata of a vision transformer's Hugging Face folder: <c>config.json</c> and, where there is one, <c>preprocessor_config.json</c>.</summary>
internal static class HuggingFaceVisionConfig
{
    /// <summary>Whether a folder's config.json describes a vision transformer that is known here.</summary>
    public static bool Matches(string folder)
    {
        try
        {
            var path = Path.Combine(folder, "config.json");
            if (!File.Exists(path) || new FileInfo(path).Length > 1 << 20) return false;
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("model_type", out var type)
                && type.ValueKind == JsonValueKind.String && type.GetString() is "vit" or "deit";
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <exception cref="FileFormatException">A file is malformed or describes another model.</exception>
    public static List<KeyValuePair<string, GgufValue>> Read(string folder, bool distilled)
    {
        var path = Path.Combine(folder, "config.json");
        using var config = Parse(path);
        var root = config.RootElement;
        var type = Text(root, "model_type");
        if (type is not ("vit" or "deit")) throw new FileFormatException(path, $"model_type '{type}' is not supported; vit and deit are");
        if (Text(root, "hidden_act") is { } activation and not "gelu") throw new FileFormatException(path, $"hidden_act '{activation}' is not supported; gelu is");
        var entries = new List<KeyValuePair<string, GgufValue>>();
        Add("general.architecture", GgufValue.Of("vit"));
        Add("general.type", GgufValue.Of("model"));
        Add("general.name", GgufValue.Of(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)))));
        Count("vit.image_size", "image_size");
        Count("vit.patch_size", "patch_size");
        Count("vit.embedding_length", "hidden_size");
        Count("vit.block_count", "num_hidden_layers");
        Count("vit.attention.head_count", "num_attention_heads");
        Count("vit.feed_forward_length", "intermediate_size");
        Add("vit.attention.layer_norm_epsilon", GgufValue.Of(Number(root, "layer_norm_eps") ?? 1e-12f));
        Add("vit.distillation_token", GgufValue.Of(distilled));
        if (Integer(root, "num_channels") is { } channels and not 3) throw new FileFormatException(path, $"num_channels must be 3, found {channels}");
        if (Labels(root) is { Length: > 0 } labels) Add("vit.labels", GgufValue.Of(labels));
        Preprocessing();
        return entries;

        void Add(string key, GgufValue value) => entries.Add(new(key, value));

        void Count(string key, string name) => Add(key, GgufValue.Of((uint)(Integer(root, name) is { } value and > 0
            ? value : throw new FileFormatException(path, $"{name} must be an integer above 0"))));

        // Without the file: what Hugging Face's own processor of the family assumes.
        void Preprocessing()
        {
            var mean = type == "vit" ? new[] { 0.5f, 0.5f, 0.5f } : [0.485f, 0.456f, 0.406f];
            var deviation = type == "vit" ? new[] { 0.5f, 0.5f, 0.5f } : [0.229f, 0.224f, 0.225f];
            var (fraction, bicubic) = type == "vit" ? (1f, false) : (0.875f, true);
            var file = Path.Combine(folder, "preprocessor_config.json");
            if (File.Exists(file))
            {
                using var document = Parse(file);
                var p = document.RootElement;
                mean = Three(p, "image_mean") ?? mean;
                deviation = Three(p, "image_std") ?? deviation;
                if (Integer(p, "resample") is { } filter) bicubic = filter == 3;
                var crops = p.TryGetProperty("do_center_crop", out var crop) && crop.ValueKind == JsonValueKind.True;
                var (size, cropped) = (Side(p, "size"), Side(p, "crop_size"));
                fraction = crops && size is { } s && cropped is { } c && c <= s ? (float)c / s : crops ? fraction : 1f;
            }

            Add("vit.image_mean", GgufValue.Of(mean));
            Add("vit.image_std", GgufValue.Of(deviation));
            Add("vit.crop_fraction", GgufValue.Of(fraction));
            Add("vit.bicubic", GgufValue.Of(bicubic));
        }
    }

    private static JsonDocument Parse(string path)
    {
        if (!File.Exists(path)) throw new FileFormatException(path, "the file is missing; a Hugging Face model folder holds config.json and model.safetensors");
        if (new FileInfo(path).Length > 1 << 20) throw new FileFormatException(path, "the file is longer than 1 MiB, which no model configuration is");
        JsonDocument? document = null;
        try
        {
            document = JsonDocument.Parse(File.ReadAllBytes(path));
            if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
        }
        catch (JsonException exception)
        {
            throw new FileFormatException(path, $"the file is no valid configuration: {exception.Message}", exception);
        }

        document.Dispose();
        throw new FileFormatException(path, "the file must hold a JSON object");
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static int? Integer(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : null;

    private static float? Number(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetSingle(out var number) ? number : null;

    private static float[]? Three(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 3
            && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Number)
            ? [.. value.EnumerateArray().Select(item => item.GetSingle())] : null;

    // A number, {"height", "width"} or {"shortest_edge"}.
    private static int? Side(JsonElement element, string name) => !element.TryGetProperty(name, out var value) ? null
        : value.ValueKind == JsonValueKind.Object ? Integer(value, "shortest_edge") ?? Integer(value, "height") : Integer(element, name);

    private static string[]? Labels(JsonElement root)
    {
        if (!root.TryGetProperty("id2label", out var names) || names.ValueKind != JsonValueKind.Object) return null;
        var labels = new SortedDictionary<int, string>();
        foreach (var entry in names.EnumerateObject())
            if (int.TryParse(entry.Name, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var id)
                && entry.Value.ValueKind == JsonValueKind.String) labels[id] = entry.Value.GetString()!;
        return labels.Keys.SequenceEqual(Enumerable.Range(0, labels.Count)) ? [.. labels.Values] : null;
    }
}
