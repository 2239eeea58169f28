using System.Buffers;
using System.Text.Json;

namespace PersonaTune.Privacy.Signing;

/// <summary>
/// A trust state in a small file of canonical JSON that is replaced as a whole. Thread-safe; one process at a time.
/// </summary>
/// <remarks>
/// The file is not authenticated. Whoever can write to it can lower a floor, and restoring an older copy of it goes unnoticed;
/// keep it where only the application can write, or implement <see cref="ITrustState"/> over a store with an outside anchor.
/// </remarks>
public sealed class FileTrustState : ITrustState
{
    private const string Format = "ptad-state/1";
    private const int MaxBytes = 4 << 20;
    private readonly string _path;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, AcceptedVersion> _accepted;

    /// <summary>Reads the file; one that does not exist means that nothing was accepted yet.</summary>
    /// <exception cref="SigningException">The file is damaged. It is not replaced: that would forget every floor.</exception>
    public FileTrustState(string path)
    {
        _path = path;
        _accepted = File.Exists(path) ? Read(path) : new(StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    public AcceptedVersion? Find(string adapterId)
    {
        lock (_lock) return _accepted.TryGetValue(adapterId, out var accepted) ? accepted : null;
    }

    /// <inheritdoc/>
    public void Record(string adapterId, AcceptedVersion accepted)
    {
        lock (_lock)
        {
            var next = new Dictionary<string, AcceptedVersion>(_accepted, StringComparer.Ordinal) { [adapterId] = accepted };
            var bytes = Encode(next);
            AtomicOutput.Write(_path, stream => stream.Write(bytes));
            _accepted[adapterId] = accepted;
        }
    }

    private static byte[] Encode(Dictionary<string, AcceptedVersion> accepted)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(output))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("adapters");
            foreach (var (id, version) in accepted)
            {
                writer.WriteStartObject(id);
                writer.WriteString("manifest", version.Manifest.ToString());
                writer.WriteNumber("version", version.Version);
                writer.WriteEndObject();
            }
            writer.WriteEndObject();
            writer.WriteString("format", Format);
            writer.WriteEndObject();
        }
        return CanonicalJson.Canonicalize(output.WrittenSpan, "trust state");
    }

    private static Dictionary<string, AcceptedVersion> Read(string path)
    {
        var subject = $"trust state '{path}'";
        if (new FileInfo(path).Length is var length && length > MaxBytes)
            throw new SigningException(SigningFault.TooLarge, subject,
                $"it has {length} bytes, expected at most {MaxBytes}; restore it from a copy");
        var bytes = File.ReadAllBytes(path);
        CanonicalJson.Require(bytes, subject);
        using var document = JsonDocument.Parse(bytes);
        var fields = new JsonFields(subject);
        fields.Exactly(document.RootElement, "adapters", "format");
        if (!string.Equals(fields.Text(document.RootElement, "format"), Format, StringComparison.Ordinal))
            throw new SigningException(SigningFault.UnsupportedVersion, subject, $"its format is not '{Format}'; update PersonaTune");
        var accepted = new Dictionary<string, AcceptedVersion>(StringComparer.Ordinal);
        foreach (var adapter in fields.Object(document.RootElement, "adapters").EnumerateObject())
        {
            fields.Exactly(adapter.Value, "manifest", "version");
            accepted[adapter.Name] = new AcceptedVersion(
                fields.Integer(adapter.Value, "version"), fields.Digest(fields.Text(adapter.Value, "manifest")));
        }
        return accepted;
    }
}
