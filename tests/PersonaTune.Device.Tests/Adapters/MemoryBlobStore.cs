using PersonaTune.Device.Adapters;

namespace PersonaTune.Device.Tests.Adapters;

/// <summary>Named values in memory, whose next write can be made to fail before or after it took effect, as a killed process's would.</summary>
internal sealed class MemoryBlobStore : IBlobStore
{
    public Dictionary<(string User, string Collection, string Name), byte[]> Values { get; } = [];

    public int Writes { get; private set; }

    /// <summary>Number of the write (from 1) that fails; 0 for none.</summary>
    public int FailingWrite { get; set; }

    /// <summary>Whether the failing write took effect: the process died between the commit and its acknowledgement.</summary>
    public bool CommitsBeforeFailing { get; set; }

    public Task<ReadOnlyMemory<byte>?> ReadAsync(string user, string collection, string name, CancellationToken cancellationToken) =>
        Task.FromResult<ReadOnlyMemory<byte>?>(Values.TryGetValue((user, collection, name), out var value) ? new ReadOnlyMemory<byte>((byte[])value.Clone()) : default(ReadOnlyMemory<byte>?));

    public Task WriteAsync(string user, string collection, IReadOnlyList<KeyValuePair<string, ReadOnlyMemory<byte>>> values,
        IReadOnlyCollection<string> delete, CancellationToken cancellationToken)
    {
        Writes++;
        if (Writes == FailingWrite && !CommitsBeforeFailing) throw new IOException("killed before the commit");
        Assert.Equal(values.Count + delete.Count, values.Select(v => v.Key).Concat(delete).Distinct(StringComparer.Ordinal).Count());
        foreach (var (name, value) in values) Values[(user, collection, name)] = value.ToArray();
        foreach (var name in delete) Values.Remove((user, collection, name));
        return Writes == FailingWrite ? throw new IOException("killed after the commit") : Task.CompletedTask;
    }
}
