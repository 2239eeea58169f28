using System.Buffers;
using System.Text.Json;

namespace PersonaTune.Privacy.Signing;

/// <summary>
/// What a bundle's signer says about it. Its signed form is canonical JSON (<see cref="CanonicalJson"/>) with exactly the
/// members below. It knows no models: tensors are named byte ranges. Immutable as long as its collections are.
/// </summary>
public sealed record BundleManifest
{
    /// <summary>The value of the member <c>format</c>.</summary>
    public const string Format = "ptad/1";

    internal const string Subject = "bundle manifest";

    /// <summary>The adapter's identity: letters, digits, <c>.</c>, <c>_</c>, <c>-</c>, at most 128, the first a letter or digit.</summary>
    public required string AdapterId { get; init; }

    /// <summary>The adapter's version, 1 to 2^53 - 1. A device refuses a version below one that it has accepted.</summary>
    public required long Version { get; init; }

    /// <summary>The digest of the base model's file.</summary>
    public required Sha256Digest BaseModel { get; init; }

    /// <summary>The digest of the tokenizer that the adapter was trained with.</summary>
    public required Sha256Digest Tokenizer { get; init; }

    /// <summary>The LoRA configuration: rank, alpha, targets and so on. Names follow the rule of <see cref="AdapterId"/>.</summary>
    public required IReadOnlyDictionary<string, ManifestValue> Lora { get; init; }

    /// <summary>The tensors in the order of the payload.</summary>
    public required IReadOnlyList<BundleTensor> Tensors { get; init; }

    /// <summary>The first moment at which the bundle may be used, in whole seconds.</summary>
    public required DateTimeOffset NotBefore { get; init; }

    /// <summary>The last moment at which the bundle may be used, in whole seconds.</summary>
    public required DateTimeOffset NotAfter { get; init; }

    /// <summary>The application that the bundle is for; the rule of <see cref="AdapterId"/>.</summary>
    public required string Audience { get; init; }

    /// <summary>What the signer states about the privacy of the training data, in words; at most 4,096 characters.</summary>
    public required string PrivacyStatement { get; init; }

    /// <summary>Bytes of the payload.</summary>
    public long PayloadLength => Tensors.Count == 0 ? 0 : Tensors[^1].Offset + Tensors[^1].Length;

    /// <summary>The bytes that are signed.</summary>
    /// <exception cref="SigningException">A member breaks its rule.</exception>
    public byte[] Encode(BundleLimits? limits = null)
    {
        limits ??= BundleLimits.Default;
        ManifestRules.Check(this, limits);
        var output = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(output))
        {
            writer.WriteStartObject();
            writer.WriteString("adapterId", AdapterId);
            writer.WriteString("audience", Audience);
            writer.WriteString("baseModel", BaseModel.ToString());
            writer.WriteString("format", Format);
            writer.WriteStartObject("lora");
            foreach (var (name, value) in Lora)
            {
                writer.WritePropertyName(name);
                value.Write(writer);
            }
            writer.WriteEndObject();
            writer.WriteString("notAfter", JsonFields.Form(NotAfter));
            writer.WriteString("notBefore", JsonFields.Form(NotBefore));
            writer.WriteString("privacy", PrivacyStatement);
            writer.WriteStartArray("tensors");
            foreach (var tensor in Tensors) Write(writer, tensor);
            writer.WriteEndArray();
            writer.WriteString("tokenizer", Tokenizer.ToString());
            writer.WriteNumber("version", Version);
            writer.WriteEndObject();
        }
        var bytes = CanonicalJson.Canonicalize(output.WrittenSpan, Subject);
        return bytes.Length <= limits.MaxManifestBytes ? bytes : throw TooLarge(bytes.Length, limits);
    }

    /// <summary>Reads the signed form. Verify the signature first.</summary>
    /// <exception cref="SigningException">It is not canonical, has other members, or a member breaks its rule.</exception>
    public static BundleManifest Parse(ReadOnlySpan<byte> bytes, BundleLimits? limits = null)
    {
        limits ??= BundleLimits.Default;
        if (bytes.Length > limits.MaxManifestBytes) throw TooLarge(bytes.Length, limits);
        CanonicalJson.Require(bytes, Subject);
        using var document = JsonDocument.Parse(bytes.ToArray(), new JsonDocumentOptions { MaxDepth = CanonicalJson.MaxDepth });
        var root = document.RootElement;
        var fields = new JsonFields(Subject);
        fields.Exactly(root, "adapterId", "audience", "baseModel", "format", "lora", "notAfter", "notBefore", "privacy", "tensors",
            "tokenizer", "version");
        if (fields.Text(root, "format") is var format && !string.Equals(format, Format, StringComparison.Ordinal))
            throw new SigningException(SigningFault.UnsupportedVersion, Subject,
                $"its format is '{format}', expected '{Format}'; update PersonaTune");
        var tensors = fields.Array(root, "tensors");
        if (tensors.GetArrayLength() > limits.MaxTensors)
            throw new SigningException(SigningFault.TooLarge, Subject,
                $"it has {tensors.GetArrayLength()} tensors, expected at most {limits.MaxTensors}");
        var manifest = new BundleManifest
        {
            AdapterId = fields.Text(root, "adapterId"),
            Audience = fields.Text(root, "audience"),
            BaseModel = fields.Digest(fields.Text(root, "baseModel")),
            Lora = fields.Object(root, "lora").EnumerateObject()
                .ToDictionary(m => m.Name, m => ManifestValue.Read(m.Value, fields), StringComparer.Ordinal),
            NotAfter = fields.Time(root, "notAfter"),
            NotBefore = fields.Time(root, "notBefore"),
            PrivacyStatement = fields.Text(root, "privacy"),
            Tensors = [.. tensors.EnumerateArray().Select(t => Read(t, fields))],
            Tokenizer = fields.Digest(fields.Text(root, "tokenizer")),
            Version = fields.Integer(root, "version"),
        };
        ManifestRules.Check(manifest, limits);
        return manifest;
    }

    private static void Write(Utf8JsonWriter writer, BundleTensor tensor)
    {
        writer.WriteStartObject();
        writer.WriteString("dtype", tensor.Dtype);
        writer.WriteNumber("length", tensor.Length);
        writer.WriteString("name", tensor.Name);
        writer.WriteNumber("offset", tensor.Offset);
        writer.WriteString("sha256", tensor.Sha256.ToString());
        writer.WriteStartArray("shape");
        foreach (var dimension in tensor.Shape) writer.WriteNumberValue(dimension);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static BundleTensor Read(JsonElement element, JsonFields fields)
    {
        fields.Exactly(element, "dtype", "length", "name", "offset", "sha256", "shape");
        return new BundleTensor(fields.Text(element, "name"), fields.Text(element, "dtype"),
            [.. fields.Array(element, "shape").EnumerateArray().Select(fields.Integer)], fields.Integer(element, "offset"),
            fields.Integer(element, "length"), fields.Digest(fields.Text(element, "sha256")));
    }

    private static SigningException TooLarge(int length, BundleLimits limits) =>
        new(SigningFault.TooLarge, Subject, $"it has {length} bytes, expected at most {limits.MaxManifestBytes}");
}
