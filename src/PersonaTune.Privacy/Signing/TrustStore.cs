using System.Buffers;
using System.Text.Json;

namespace PersonaTune.Privacy.Signing;

/// <summary>
/// Whom a device believes: the keys and roots that an application pins, its own name, and what was revoked. It is a
/// document that changes only by being replaced; what a device learns lies in <see cref="ITrustState"/>. Immutable as long
/// as its collections are.
/// </summary>
public sealed record TrustStore
{
    private const string Format = "ptad-trust/1";
    private const string Subject = "trust store";
    private const int MaxBytes = 1 << 20;

    /// <summary>The application's name: a bundle for another one is refused.</summary>
    public required string Audience { get; init; }

    /// <summary>Keys that may sign, by the digest of their SubjectPublicKeyInfo, with whatever certificate.</summary>
    public IReadOnlyList<Sha256Digest> PinnedKeys { get; init; } = [];

    /// <summary>Root certificates, in DER, under which certificates with the code-signing usage may sign.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Roots { get; init; } = [];

    /// <summary>Keys, of signers or of authorities between them and a root, that must not be believed any more.</summary>
    public IReadOnlyList<Sha256Digest> RevokedKeys { get; init; } = [];

    /// <summary>Adapters that must not be used any more.</summary>
    public IReadOnlyList<string> RevokedAdapters { get; init; } = [];

    /// <summary>The least version of an adapter, for devices that never saw it.</summary>
    public IReadOnlyDictionary<string, long> MinimumVersions { get; init; } = new Dictionary<string, long>(StringComparer.Ordinal);

    /// <summary>The store as canonical JSON; lists are sorted and without duplicates.</summary>
    public byte[] Encode()
    {
        Check();
        var output = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(output))
        {
            writer.WriteStartObject();
            writer.WriteString("audience", Audience);
            writer.WriteString("format", Format);
            writer.WriteStartObject("minimumVersions");
            foreach (var (id, version) in MinimumVersions) writer.WriteNumber(id, version);
            writer.WriteEndObject();
            WriteSorted(writer, "pinnedKeys", PinnedKeys.Select(k => k.ToString()));
            WriteSorted(writer, "revokedAdapters", RevokedAdapters);
            WriteSorted(writer, "revokedKeys", RevokedKeys.Select(k => k.ToString()));
            WriteSorted(writer, "roots", Roots.Select(r => Convert.ToBase64String(r.Span)));
            writer.WriteEndObject();
        }
        return CanonicalJson.Canonicalize(output.WrittenSpan, Subject);
    }

    /// <summary>
    /// Reads what <see cref="Encode"/> wrote, and nothing else. The bytes are not authenticated: keep them where only the
    /// application can write.
    /// </summary>
    /// <exception cref="SigningException">They have another form.</exception>
    public static TrustStore Parse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MaxBytes)
            throw new SigningException(SigningFault.TooLarge, Subject, $"it has {bytes.Length} bytes, expected at most {MaxBytes}");
        CanonicalJson.Require(bytes, Subject);
        using var document = JsonDocument.Parse(bytes.ToArray());
        var root = document.RootElement;
        var fields = new JsonFields(Subject);
        fields.Exactly(root, "audience", "format", "minimumVersions", "pinnedKeys", "revokedAdapters", "revokedKeys", "roots");
        if (!string.Equals(fields.Text(root, "format"), Format, StringComparison.Ordinal))
            throw new SigningException(SigningFault.UnsupportedVersion, Subject, $"its format is not '{Format}'; update PersonaTune");
        var store = new TrustStore
        {
            Audience = fields.Text(root, "audience"),
            MinimumVersions = fields.Object(root, "minimumVersions").EnumerateObject()
                .ToDictionary(m => m.Name, m => fields.Integer(m.Value), StringComparer.Ordinal),
            PinnedKeys = [.. Texts(fields, root, "pinnedKeys").Select(fields.Digest)],
            RevokedAdapters = [.. Texts(fields, root, "revokedAdapters")],
            RevokedKeys = [.. Texts(fields, root, "revokedKeys").Select(fields.Digest)],
            Roots = [.. Texts(fields, root, "roots").Select(text => Base64(fields, text))],
        };
        if (!store.Encode().AsSpan().SequenceEqual(bytes))
            throw new SigningException(SigningFault.NonCanonical, Subject,
                "a list is not sorted or holds an entry twice; write it with TrustStore.Encode");
        return store;
    }

    /// <summary>Writes the store to a file that is replaced as a whole.</summary>
    public void Save(string path)
    {
        var bytes = Encode();
        AtomicOutput.Write(path, stream => stream.Write(bytes));
    }

    /// <summary>Reads the store from a file.</summary>
    public static TrustStore Load(string path)
    {
        using var file = File.OpenRead(path);
        if (file.Length > MaxBytes)
            throw new SigningException(SigningFault.TooLarge, Subject, $"it has {file.Length} bytes, expected at most {MaxBytes}");
        var bytes = new byte[(int)file.Length];
        file.ReadExactly(bytes);
        return Parse(bytes);
    }

    private void Check()
    {
        var fields = new JsonFields(Subject);
        if (!ManifestRules.IsName(Audience)) throw fields.Malformed($"the audience '{Audience}' is not a name");
        foreach (var id in RevokedAdapters.Concat(MinimumVersions.Keys))
        {
            if (!ManifestRules.IsName(id)) throw fields.Malformed($"the adapter id '{id}' is not a name");
        }
        foreach (var (id, version) in MinimumVersions)
        {
            if (version is < 1 or > CanonicalJson.MaxInteger)
                throw fields.Malformed($"the least version of '{id}' is {version}, expected 1 to 2^53 - 1");
        }
        foreach (var root in Roots)
        {
            using var certificate = CertificateRules.Load(root.ToArray(), Subject);
            CertificateRules.IsEcdsa(certificate, Subject);
        }
    }

    private static IEnumerable<string> Texts(JsonFields fields, JsonElement root, string name) => fields.Array(root, name).EnumerateArray()
        .Select(e => e.ValueKind == JsonValueKind.String
            ? e.GetString()! : throw fields.Malformed($"'{name}' holds {e.ValueKind}, expected text"));

    private static ReadOnlyMemory<byte> Base64(JsonFields fields, string text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length)
            ? bytes.AsMemory(0, length) : throw fields.Malformed("a root is not Base64");
    }

    private static void WriteSorted(Utf8JsonWriter writer, string name, IEnumerable<string> values)
    {
        writer.WriteStartArray(name);
        foreach (var value in values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)) writer.WriteStringValue(value);
        writer.WriteEndArray();
    }
}
