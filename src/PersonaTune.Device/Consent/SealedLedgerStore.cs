using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using PersonaTune.Device.Storage;
using PersonaTune.Privacy.Budget;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Device.Consent;

/// <summary>
/// A device's privacy ledger in its sealed store. Thread-safe; any number of instances over one open store agree.
/// </summary>
/// <remarks>
/// The entries belong to <see cref="SealedStore.DeviceUser"/>, so forgetting a user does not refund what was released about them. Purposes and
/// references must therefore name tasks and rounds, never people or texts. Removed or exchanged entries are noticed by the store's
/// authenticated state and by the ledger's chain. An old copy of the whole database refunds spends; it is noticed only if the key protector has an
/// anchor, or if the ledger is opened with a head that was remembered elsewhere (<see cref="PrivacyLedgerOptions.Anchor"/>).
/// </remarks>
public sealed class SealedLedgerStore : IPrivacyLedgerStore
{
    private const string Collection = "privacy ledger";
    private readonly SealedStore _store;
    private List<byte[]> _known = [];

    /// <summary>The ledger of <paramref name="store"/>, which stays the caller's to dispose.</summary>
    public SealedLedgerStore(SealedStore store)
    {
        ArgumentNullException.ThrowIfNull(store);
        _store = store;
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(long fromIndex, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(fromIndex);
        var entries = await _store.Layer.RunAsync(LoadCore, cancellationToken).ConfigureAwait(false);
        for (var i = (int)Math.Min(fromIndex, entries.Count); i < entries.Count; i++) yield return entries[i];
    }

    /// <inheritdoc/>
    public Task<bool> TryAppendAsync(long index, ReadOnlyMemory<byte> entry, CancellationToken cancellationToken = default) => _store.Layer.RunAsync(() =>
    {
        if (_store.Layer.CountCore(SealedStore.DeviceUser, RecordClass.PrivacyLedger, Collection) != index) return false;
        var record = new byte[sizeof(long) + entry.Length];
        BinaryPrimitives.WriteInt64LittleEndian(record, index);
        entry.Span.CopyTo(record.AsSpan(sizeof(long)));
        _store.Layer.CommitCore(SealedStore.DeviceUser, [new RecordPut(RecordId.Create(), RecordClass.PrivacyLedger, Collection, record)], []);
        return true;
    }, cancellationToken);

    /// <summary>All entries in order of their indices, because the database's order is not authenticated; read again only if some were added.</summary>
    private List<byte[]> LoadCore()
    {
        if (_store.Layer.CountCore(SealedStore.DeviceUser, RecordClass.PrivacyLedger, Collection) == _known.Count) return _known;
        var numbered = new List<(long Index, byte[] Entry)>();
        for (long after = 0; ;)
        {
            var page = _store.Layer.PageCore(SealedStore.DeviceUser, RecordClass.PrivacyLedger, Collection, after);
            foreach (var record in page)
            {
                if (record.Plaintext.Length < sizeof(long)) throw new TamperedException("privacy ledger", "a record of it is too short; restore the store from a copy");
                numbered.Add((BinaryPrimitives.ReadInt64LittleEndian(record.Plaintext), record.Plaintext[sizeof(long)..]));
            }

            if (page.Count < _store.Layer.PageSize) break;
            after = page[^1].Sequence;
        }

        numbered.Sort(static (x, y) => x.Index.CompareTo(y.Index));
        return _known = [.. numbered.Select(n => n.Entry)];
    }
}
