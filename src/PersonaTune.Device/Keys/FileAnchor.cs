using System.Security.Cryptography;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Device.Keys;

/// <summary>
/// An anchor in a small file beside a key file, one a store: two records of fixed size, written in turn, each
/// <c>sequence 8 | keyring generation 8 | store generation 8 | store digest 32 | HMAC-SHA256 32</c> under a key of the key file.
/// A torn write leaves the other record, which is older by one write only.
/// </summary>
internal sealed class FileAnchor(string keyFile, SecretKey key) : IRollbackAnchor
{
    private const int RecordBytes = 8 + 8 + 8 + 32 + 32;
    private readonly Lock _lock = new();

    public AnchorState? Read(StoreId store)
    {
        lock (_lock) return ReadNewest(store)?.State;
    }

    public void Write(StoreId store, AnchorState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        lock (_lock)
        {
            (long Sequence, AnchorState State)? last;
            try
            {
                last = ReadNewest(store);
            }
            catch (TamperedException)
            {
                last = null; // the caller accepted the loss of the old anchor by opening without it
            }
            var sequence = (last?.Sequence ?? -1) + 1;
            var record = new byte[RecordBytes];
            using (var writer = new SealWriter())
            {
                writer.WriteInt64(sequence);
                writer.WriteInt64(state.KeyringGeneration);
                writer.WriteInt64(state.StoreGeneration);
                writer.WriteFixed(state.StoreDigest.Span);
                writer.Written.CopyTo(record);
            }
            Authenticate(store, record.AsSpan(0, RecordBytes - 32), record.AsSpan(RecordBytes - 32));
            var path = PathOf(store);
            if (last is null)
            {
                DurableFile.Replace(path, [.. record, .. record]);
                return;
            }
            DurableFile.WriteAt(path, (sequence & 1) * RecordBytes, record);
        }
    }

    private (long Sequence, AnchorState State)? ReadNewest(StoreId store)
    {
        var path = PathOf(store);
        if (!File.Exists(path)) return null;
        var subject = $"anchor '{path}'";
        var bytes = new FileInfo(path).Length == 2 * RecordBytes ? File.ReadAllBytes(path) : [];
        if (bytes.Length != 2 * RecordBytes) throw new TamperedException(subject, "it has a wrong length; it was altered: restore it, or open with AcceptRollback");
        (long Sequence, AnchorState State)? newest = null;
        Span<byte> mac = stackalloc byte[32];
        for (var i = 0; i < 2; i++)
        {
            var record = bytes.AsSpan(i * RecordBytes, RecordBytes);
            Authenticate(store, record[..^32], mac);
            if (!CryptographicOperations.FixedTimeEquals(mac, record[^32..])) continue;
            var reader = new SealReader(record, subject);
            var sequence = reader.ReadInt64();
            if (newest is { } other && other.Sequence >= sequence) continue;
            newest = (sequence, new AnchorState(reader.ReadInt64(), reader.ReadInt64(), reader.ReadFixed(32).ToArray()));
        }
        return newest ?? throw new TamperedException(subject, "neither of its records authenticates; it was altered: restore it, or open with AcceptRollback");
    }

    private void Authenticate(StoreId store, ReadOnlySpan<byte> record, Span<byte> mac)
    {
        using var subkey = KeyDerivation.Subkey(key.Bytes, "PersonaTune/anchor/1", store.ToArray());
        HMACSHA256.HashData(subkey.Bytes, record, mac);
    }

    private string PathOf(StoreId store) => $"{keyFile}.{store.ToString()[..16]}.anchor";
}
