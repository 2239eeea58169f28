using System.Security.Cryptography;
using PersonaTune.Device.Keys;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Device.Storage;

/// <summary>
/// What makes the set of records whole: written sealed, in the transaction of every commit. A record that is missing, doubled,
/// moved or of another version than the last commit knew changes the hash.
/// </summary>
/// <param name="Generation">The number of commits; also the version of what the commit wrote.</param>
/// <param name="Records">The number of live records.</param>
/// <param name="Hash">Multiset hash of the live records' places.</param>
/// <param name="KeyringFloor">The keyring's generation at the commit: an older keyring is a rollback.</param>
internal sealed record StoreState(long Generation, long Records, MultisetHash Hash, long KeyringFloor)
{
    private const int Schema = 1;

    public static StoreState Initial { get; } = new(0, 0, MultisetHash.Empty, 0);

    public byte[] Encode()
    {
        using var writer = new SealWriter();
        writer.WriteInt64(Generation);
        writer.WriteInt64(Records);
        Span<byte> hash = stackalloc byte[MultisetHash.Length];
        Hash.Write(hash);
        writer.WriteFixed(hash);
        writer.WriteInt64(KeyringFloor);
        return writer.ToArray();
    }

    /// <summary>What an anchor remembers of the state; the key keeps it from being compared with guesses.</summary>
    public byte[] Digest(SecretKey key) => HMACSHA256.HashData(key.Bytes, Encode());

    public byte[] Seal(SecretKey key, StoreId store) => RecordSealer.Seal(key.Bytes, 0, Context(store), Encode());

    public static StoreState Open(byte[] sealedState, SecretKey key, StoreId store)
    {
        var context = Context(store);
        var reader = new SealReader(RecordSealer.Open(key.Bytes, context, sealedState), context.Subject);
        var state = new StoreState(reader.ReadInt64(), reader.ReadInt64(), MultisetHash.Read(reader.ReadFixed(MultisetHash.Length)), reader.ReadInt64());
        reader.End();
        return state;
    }

    private static SealContext Context(StoreId store) => new("state", store.ToArray(), "", ReadOnlyMemory<byte>.Empty, "", Schema, 0);
}
