using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Device.Photos;

/// <summary>
/// A person's labels: identity to name, and identities that were merged into others. A name can change without touching a picture. Immutable.
/// </summary>
internal sealed class LabelCatalog
{
    private const byte Version = 1;
    public const int MaxName = 200;

    private readonly SortedDictionary<string, string> _names;
    private readonly SortedDictionary<string, string> _merged;

    private LabelCatalog(SortedDictionary<string, string> names, SortedDictionary<string, string> merged) => (_names, _merged) = (names, merged);

    public static LabelCatalog Empty { get; } = new(new(StringComparer.Ordinal), new(StringComparer.Ordinal));

    /// <summary>Identities in their fixed order, which is that of the head's outputs.</summary>
    public IReadOnlyCollection<string> Ids => _names.Keys;

    public string Name(string id) => _names[id];

    public string? Find(string name) => _names.FirstOrDefault(entry => string.Equals(entry.Value, name, StringComparison.Ordinal)).Key;

    /// <summary>The label that a picture's stored identity means now; null where it was forgotten or there is none.</summary>
    public string? Resolve(string id)
    {
        while (_merged.TryGetValue(id, out var target)) id = target;
        return _names.ContainsKey(id) ? id : null;
    }

    public LabelCatalog With(string id, string name) => Change((names, _) => names[id] = name);

    public LabelCatalog Merged(string from, string into) => Change((names, merged) =>
    {
        names.Remove(from);
        merged[from] = into;
    });

    public LabelCatalog Without(string id) => Change((names, merged) =>
    {
        names.Remove(id);
        foreach (var gone in merged.Where(entry => Ends(merged, entry.Key) == id).Select(entry => entry.Key).ToArray()) merged.Remove(gone);
    });

    public byte[] Encode()
    {
        using var writer = new SealWriter();
        writer.WriteByte(Version);
        foreach (var map in new[] { _names, _merged })
        {
            writer.WriteInt32(map.Count);
            foreach (var (key, value) in map)
            {
                writer.WriteText(key);
                writer.WriteText(value);
            }
        }

        return writer.ToArray();
    }

    public static LabelCatalog Decode(ReadOnlySpan<byte> bytes)
    {
        var reader = new SealReader(bytes, "photo labels");
        var version = reader.ReadByte();
        if (version != Version) throw new SealException("photo labels", $"version {version} is not known to this version of the library; update it");
        var maps = new SortedDictionary<string, string>[2];
        for (var i = 0; i < 2; i++)
        {
            maps[i] = new(StringComparer.Ordinal);
            for (var count = reader.ReadCount(8); count > 0; count--) maps[i][reader.ReadText()] = reader.ReadText();
        }

        reader.End();
        return new LabelCatalog(maps[0], maps[1]);
    }

    private static string Ends(SortedDictionary<string, string> merged, string id)
    {
        while (merged.TryGetValue(id, out var target)) id = target;
        return id;
    }

    private LabelCatalog Change(Action<SortedDictionary<string, string>, SortedDictionary<string, string>> change)
    {
        var (names, merged) = (new SortedDictionary<string, string>(_names, StringComparer.Ordinal), new SortedDictionary<string, string>(_merged, StringComparer.Ordinal));
        change(names, merged);
        return new LabelCatalog(names, merged);
    }
}
