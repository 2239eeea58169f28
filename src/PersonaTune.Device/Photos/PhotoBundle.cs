using System.Globalization;
using System.Text.Json;
using PersonaTune.Device.Adapters;
using PersonaTune.Engine;
using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Vision;
using PersonaTune.Privacy.Signing;

namespace PersonaTune.Device.Photos;

/// <summary>
/// What of a label model travels: the head and LoRA tensors of <see cref="PhotoModelFile"/>, the labels' names, and the settings by which pictures are prepared. No
/// picture, no embedding of one, no identity of a record.
/// </summary>
internal sealed record PhotoBundle(PhotoTrainingResult Model, IReadOnlyList<string> Labels, PhotoTrainingOptions Options, PhotoFraming Framing)
{
    private const string Format = "personatune.photos/1";
    private const string LabelsTensor = "labels";

    // What PhotoModelFile keeps beside the tensors.
    private static readonly string[] Optional = ["block_count", "lora_config"];

    public static void Write(PhotoBundle content, string encoderDigest, Stream destination, AdapterExportOptions options, ManifestSigner signer, DateTimeOffset start, DateTimeOffset end)
    {
        using var file = SafetensorsFile.FromBytes(PhotoModelFile.Write(content.Model, encoderDigest), "label model", SafetensorsOptions.Model);
        var payload = new BundlePayload();
        foreach (var tensor in file.Tensors) payload.Add(tensor.Name, "F32", tensor.Shape, file.GetBytes(tensor.Name));
        var labels = JsonSerializer.SerializeToUtf8Bytes([.. content.Labels], PhotoJson.Default.StringArray);
        payload.Add(LabelsTensor, "U8", [labels.Length], labels);
        var settings = new Dictionary<string, ManifestValue>(StringComparer.Ordinal)
        {
            ["format"] = ManifestValue.Of(Format),
            ["root"] = ManifestValue.Of(file.Metadata["root"]),
            ["options"] = ManifestValue.Of(JsonSerializer.Serialize(content.Options, PhotoJson.Default.PhotoTrainingOptions)),
            ["framing"] = ManifestValue.Of(content.Framing.ToString()),
        };
        foreach (var key in Optional)
            if (file.Metadata.TryGetValue(key, out var value)) settings[key] = ManifestValue.Of(value);
        if (!Sha256Digest.TryParse(encoderDigest, out var digest)) throw new ArgumentException($"'{encoderDigest}' is no SHA-256 digest of 64 lower-case hexadecimal digits", nameof(encoderDigest));
        var manifest = new BundleManifest
        {
            AdapterId = options.Name,
            Version = options.Version,
            BaseModel = digest,
            // An encoder has no tokenizer: its own digest stands there, which no text model's bundle can have.
            Tokenizer = digest,
            Lora = settings,
            Tensors = payload.Tensors,
            NotBefore = start,
            NotAfter = end,
            Audience = options.Audience,
            PrivacyStatement = options.PrivacyStatement,
        };
        using var stream = payload.OpenRead();
        if (options.Recipient.IsEmpty) BundleWriter.Write(destination, manifest, stream, signer);
        else BundleWriter.WriteEncrypted(destination, options.Recipient.Span, manifest, stream, signer);
    }

    /// <summary>What can be refused before the payload is read, and so before the bundle counts as accepted.</summary>
    public static void Demand(BundleManifest manifest, PhotoEncoder encoder, PhotoFraming framing)
    {
        if (!manifest.Lora.TryGetValue("format", out var format) || format.Text != Format)
            throw Unsupported(manifest, $"its manifest says format '{format?.Text}', expected {Format}; import adapters of text models with AdapterTransfer, or update PersonaTune");
        if (!string.Equals(manifest.BaseModel.ToString(), encoder.Digest, StringComparison.OrdinalIgnoreCase))
            throw new PhotoImportException(PhotoImportFault.WrongEncoder, manifest.AdapterId, $"were learned on encoder {manifest.BaseModel}, this is {encoder.Digest} (SHA-256); open that encoder, or ask for labels learned on this one");
        var found = Setting(manifest, "framing");
        if (found != framing.ToString())
            throw new PhotoImportException(PhotoImportFault.WrongFraming, manifest.AdapterId, $"were learned with framing {found}, these pictures are prepared with {framing}; set PhotoLabelerOptions.Framing alike (--whole in the tool)");
    }

    public static PhotoBundle Read(BundleManifest manifest, byte[] payload, PhotoEncoder encoder, PhotoFraming framing)
    {
        try
        {
            var options = JsonSerializer.Deserialize(Setting(manifest, "options"), PhotoJson.Default.PhotoTrainingOptions) ?? throw Unsupported(manifest, "its settings are empty; export it again");
            options.Validate();
            var writer = new SafetensorsWriter();
            writer.SetMetadata("format", "personatune.photos");
            writer.SetMetadata("version", "1");
            writer.SetMetadata("base_sha256", manifest.BaseModel.ToString());
            writer.SetMetadata("root", Setting(manifest, "root"));
            foreach (var key in Optional)
                if (manifest.Lora.TryGetValue(key, out var value)) writer.SetMetadata(key, value.Text);
            string[]? labels = null;
            foreach (var tensor in manifest.Tensors)
            {
                var bytes = payload.AsMemory((int)tensor.Offset, (int)tensor.Length);
                if (tensor.Name == LabelsTensor && tensor.Dtype == "U8") labels = JsonSerializer.Deserialize(bytes.Span, PhotoJson.Default.StringArray);
                else if (tensor.Dtype == "F32") writer.Add(tensor.Name, SafetensorsType.F32, tensor.Shape, tensor.Length, stream => stream.Write(bytes.Span));
                else throw Unsupported(manifest, $"tensor '{tensor.Name}' holds {tensor.Dtype}; F32 is expected");
            }

            using var file = new MemoryStream();
            writer.Write(file);
            var (model, _) = PhotoModelFile.Read(file.ToArray(), encoder, manifest.AdapterId);
            Check(manifest, labels, model.Head.Labels);
            return new PhotoBundle(model, labels!, options, framing);
        }
        catch (Exception exception) when (exception is EngineException or ArgumentException or JsonException)
        {
            throw new PhotoImportException(PhotoImportFault.Unsupported, manifest.AdapterId, $"its content is no label model for this encoder: {exception.Message}", exception);
        }
    }

    // Names of a stranger's making are shown in lists and terminals.
    private static void Check(BundleManifest manifest, string[]? labels, int count)
    {
        if (labels is null || labels.Length != count)
            throw Unsupported(manifest, string.Create(CultureInfo.InvariantCulture, $"it names {labels?.Length ?? 0} labels, its head has {count}; export it again"));
        foreach (var label in labels)
            if (string.IsNullOrWhiteSpace(label) || label.Length > LabelCatalog.MaxName || label.Any(char.IsControl))
                throw Unsupported(manifest, $"a label's name is empty, longer than {LabelCatalog.MaxName} characters or holds control characters; rename it and export it again");
        if (labels.Distinct(StringComparer.Ordinal).Count() != count) throw Unsupported(manifest, "two labels have the same name; rename one and export it again");
    }

    private static string Setting(BundleManifest manifest, string name) =>
        manifest.Lora.TryGetValue(name, out var value) && value.Kind == ManifestValueKind.Text ? value.Text : throw Unsupported(manifest, $"its manifest lacks '{name}'; export it again");

    private static PhotoImportException Unsupported(BundleManifest manifest, string problem) => new(PhotoImportFault.Unsupported, manifest.AdapterId, problem);
}
