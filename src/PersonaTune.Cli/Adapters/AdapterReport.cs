using System.Globalization;
using System.Text.Json;
using PersonaTune.Cli.Terminal;
using PersonaTune.Device.Adapters;
using PersonaTune.Device.Personalization;

namespace PersonaTune.Cli.Adapters;

/// <summary>An adapter's entry as JSON and as a line.</summary>
internal static class AdapterReport
{
    public static void Write(Utf8JsonWriter json, AdapterEntry entry)
    {
        var manifest = entry.Manifest;
        json.WriteString("id", entry.Id);
        json.WriteString("state", entry.State.ToString());
        json.WriteString("reason", entry.StateReason);
        json.WriteString("parent", manifest.ParentId);
        json.WriteString("created", manifest.Created.UtcDateTime.ToString("O", CultureInfo.InvariantCulture));
        json.WriteString("base", manifest.BaseDigest);
        if (manifest.GlobalDigest is not null) json.WriteString("global", manifest.GlobalDigest);
        json.WriteNumber("trainingMessages", manifest.TrainingExamples.Count);
        json.WriteNumber("heldOutMessages", manifest.ValidationExamples.Count);
        json.WriteNumber("bestEpoch", manifest.Metrics.BestEpoch);
        json.WriteNumber("bytes", manifest.WeightsLength);
        if (manifest.Provenance is { } provenance)
        {
            json.WriteStartObject("provenance");
            json.WriteString("name", provenance.Name);
            json.WriteNumber("version", provenance.Version);
            json.WriteString("signer", provenance.SignerName);
            json.WriteString("signerKey", provenance.SignerKeyId);
            json.WriteString("notAfter", provenance.NotAfter?.UtcDateTime.ToString("O", CultureInfo.InvariantCulture));
            json.WriteString("privacy", provenance.PrivacyStatement);
            json.WriteEndObject();
        }

        Write(json, "heldOutBase", manifest.Metrics.Base);
        Write(json, "heldOutBefore", manifest.Metrics.Before);
        Write(json, "heldOutAfter", manifest.Metrics.After);
    }

    public static void Write(Utf8JsonWriter json, string name, HeldOutMetrics metrics)
    {
        json.WriteStartObject(name);
        json.WriteNumber("messages", metrics.Messages);
        json.WriteFinite("loss", metrics.Loss);
        json.WriteFinite("perplexity", metrics.Perplexity);
        json.WriteFinite("perplexityPerWord", metrics.PerplexityPerWord);
        json.WriteEndObject();
    }

    public static string Line(AdapterEntry entry) => entry.Manifest.Provenance is { } provenance
        ? string.Create(CultureInfo.InvariantCulture, $"{entry.Id}  {entry.State,-11}  {entry.Manifest.Created.UtcDateTime:yyyy-MM-dd HH:mm}  imported: {provenance.Name} version {provenance.Version}, {provenance.SignerName ?? "not signed"}")
        : string.Create(CultureInfo.InvariantCulture,
        $"{entry.Id}  {entry.State,-11}  {entry.Manifest.Created.UtcDateTime:yyyy-MM-dd HH:mm}  {entry.Manifest.TrainingExamples.Count,5} messages  "
        + $"perplexity a word {entry.Manifest.Metrics.Before.PerplexityPerWord,8:F1} -> {entry.Manifest.Metrics.After.PerplexityPerWord,8:F1}");
}
