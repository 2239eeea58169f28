using System.Text.Json;
using PersonaTune.Engine.Formats;

namespace PersonaTune.Engine.Lora;

/// <summary>A <see cref="LoraConfig"/> as JSON; written field by field so that it needs no reflection and refuses what it does not know.</summary>
internal static class LoraConfigJson
{
    public static byte[] Write(LoraConfig config)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteNumber("rank", config.Rank);
            json.WriteNumber("alpha", config.Alpha);
            json.WriteStartArray("targets");
            foreach (var target in config.Targets) json.WriteStringValue(target.ToString());
            json.WriteEndArray();
            json.WriteStartObject("rank_pattern");
            foreach (var (target, rank) in config.RankPattern.OrderBy(entry => entry.Key)) json.WriteNumber(target.ToString(), rank);
            json.WriteEndObject();
            json.WriteStartObject("alpha_pattern");
            foreach (var (target, alpha) in config.AlphaPattern.OrderBy(entry => entry.Key)) json.WriteNumber(target.ToString(), alpha);
            json.WriteEndObject();
            json.WriteBoolean("rank_stabilized", config.RankStabilized);
            json.WriteNumber("dropout", config.Dropout);
            json.WriteBoolean("freeze_a", config.FreezeA);
            json.WriteString("seed", config.Seed);
            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    /// <exception cref="FileFormatException">The text is no such configuration; <paramref name="subject"/> names its file.</exception>
    public static LoraConfig Read(string text, string subject)
    {
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 4 });
            var root = document.RootElement;
            var config = new LoraConfig
            {
                Rank = root.GetProperty("rank").GetInt32(),
                Alpha = root.GetProperty("alpha").GetSingle(),
                Targets = root.GetProperty("targets").EnumerateArray().Select(item => Target(item.GetString())).ToArray(),
                RankPattern = root.GetProperty("rank_pattern").EnumerateObject().ToDictionary(item => Target(item.Name), item => item.Value.GetInt32()),
                AlphaPattern = root.GetProperty("alpha_pattern").EnumerateObject().ToDictionary(item => Target(item.Name), item => item.Value.GetSingle()),
                RankStabilized = root.GetProperty("rank_stabilized").GetBoolean(),
                Dropout = root.GetProperty("dropout").GetSingle(),
                FreezeA = root.GetProperty("freeze_a").GetBoolean(),
                Seed = root.GetProperty("seed").GetString() ?? "",
            };
            LoraInitialization.Validate(config);
            return config;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException)
        {
            throw new FileFormatException(subject, $"the LoRA configuration cannot be read: {e.Message}", e);
        }
    }

    private static LoraTarget Target(string? name) => Enum.TryParse<LoraTarget>(name, out var target) && Enum.IsDefined(target) && !char.IsAsciiDigit(name[0])
        ? target
        : throw new FormatException($"'{name}' is no LoRA target");
}
