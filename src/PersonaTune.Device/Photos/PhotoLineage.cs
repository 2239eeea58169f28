using PersonaTune.Device.Adapters;
using PersonaTune.Device.Storage;
using PersonaTune.Engine.Vision;

namespace PersonaTune.Device.Photos;

/// <summary>Where a label model comes from: enough to know what it learned from and to make it again.</summary>
/// <param name="EncoderDigest">Digest of the encoder.</param>
/// <param name="Examples">Ids of the pictures in training order.</param>
/// <param name="LabelIds">Identities of the labels in the order of the head's outputs.</param>
/// <param name="UsesAdapter">Whether LoRA was trained.</param>
/// <param name="Options">Settings.</param>
/// <param name="Threads">Threads that trained it: the same number is needed for the same bits.</param>
/// <param name="Created">When training ended.</param>
public sealed record PhotoLineage(string EncoderDigest, IReadOnlyList<RecordId> Examples, IReadOnlyList<string> LabelIds, bool UsesAdapter, PhotoTrainingOptions Options, int Threads, DateTimeOffset Created)
{
    /// <summary>The bundle that brought the model; null where it was trained here.</summary>
    public AdapterProvenance? Origin { get; init; }

    internal IReadOnlyDictionary<string, string> ToMetadata()
    {
        var metadata = new Dictionary<string, string>
        {
            ["x-examples"] = string.Join(' ', Examples),
            ["x-labels"] = string.Join(' ', LabelIds),
            ["x-adapter"] = UsesAdapter ? "1" : "0",
            ["x-options"] = System.Text.Json.JsonSerializer.Serialize(Options, PhotoJson.Default.PhotoTrainingOptions),
            ["x-threads"] = Threads.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["x-created"] = Created.ToString("O", System.Globalization.CultureInfo.InvariantCulture),
        };
        if (Origin is not null) metadata["x-origin"] = System.Text.Json.JsonSerializer.Serialize(Origin, PhotoJson.Default.AdapterProvenance);
        return metadata;
    }

    internal static PhotoLineage FromMetadata(IReadOnlyDictionary<string, string> metadata, string encoderDigest)
    {
        try
        {
            return new PhotoLineage(encoderDigest, [.. Words("x-examples").Select(text => RecordId.TryParse(text, out var id) ? id : throw new FormatException(text))], Words("x-labels"),
                metadata["x-adapter"] == "1", System.Text.Json.JsonSerializer.Deserialize(metadata["x-options"], PhotoJson.Default.PhotoTrainingOptions)!,
                int.Parse(metadata["x-threads"], System.Globalization.CultureInfo.InvariantCulture),
                DateTimeOffset.Parse(metadata["x-created"], System.Globalization.CultureInfo.InvariantCulture))
            {
                Origin = metadata.TryGetValue("x-origin", out var origin) ? System.Text.Json.JsonSerializer.Deserialize(origin, PhotoJson.Default.AdapterProvenance) : null,
            };
        }
        catch (Exception exception) when (exception is KeyNotFoundException or FormatException or System.Text.Json.JsonException or OverflowException)
        {
            throw new Engine.Formats.FileFormatException("label model", "its lineage is missing or damaged; train again", exception);
        }

        string[] Words(string key) => metadata[key].Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }
}
