using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Device.Storage;

/// <summary>
/// The names of a user's collections, kept as one sealed record, because the database knows them as opaque tags only.
/// Immutable.
/// </summary>
internal sealed class UserCatalog
{
    private readonly List<(RecordClass Class, string Name)> _entries;

    private UserCatalog(List<(RecordClass, string)> entries) => _entries = entries;

    public static UserCatalog Empty { get; } = new([]);

    public IReadOnlyList<(RecordClass Class, string Name)> Entries => _entries;

    public bool Contains(RecordClass recordClass, string name) => _entries.Contains((recordClass, name));

    public UserCatalog With(RecordClass recordClass, string name) => new([.. _entries, (recordClass, name)]);

    public byte[] Encode()
    {
        using var writer = new SealWriter();
        writer.WriteInt32(_entries.Count);
        foreach (var (recordClass, name) in _entries)
        {
            writer.WriteByte((byte)recordClass);
            writer.WriteText(name);
        }
        return writer.ToArray();
    }

    public static UserCatalog Decode(byte[] plaintext, string subject)
    {
        var reader = new SealReader(plaintext, subject);
        var count = reader.ReadCount(5);
        var entries = new List<(RecordClass, string)>(count);
        for (var i = 0; i < count; i++) entries.Add(((RecordClass)reader.ReadByte(), reader.ReadText()));
        reader.End();
        return new UserCatalog(entries);
    }
}
