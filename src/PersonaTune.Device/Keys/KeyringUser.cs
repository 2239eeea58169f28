using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Device.Keys;

/// <summary>A user's entry: a random tag that stands for the user in the database, and the keys by epoch, newest last.</summary>
internal sealed record KeyringUser(string Name, byte[] Tag, IReadOnlyList<KeyringUserKey> Keys)
{
    public const int TagBytes = 16;

    public KeyringUserKey Current => Keys[^1];
}

/// <summary>One key of a user.</summary>
internal sealed record KeyringUserKey(uint Epoch, SecretKey Key);
