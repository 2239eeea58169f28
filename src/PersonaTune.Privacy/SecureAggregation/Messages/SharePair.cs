using System.Security.Cryptography;

namespace PersonaTune.Privacy.SecureAggregation.Messages;

/// <summary>What a box holds: its receiver's share of the sender's seed and of the sender's private mask key.</summary>
internal sealed record SharePair(KeyShare Seed, KeyShare MaskKey) : IDisposable
{
    public const int SecretLength = 32;

    public static int ShareLength { get; } = KeyShare.EncodedLength(SecretLength);

    public static int BoxLength { get; } = 2 * ShareLength + ShareBox.Overhead;

    /// <summary>The shares in an opened box, which must both lie at <paramref name="position"/>; null if they do not.</summary>
    public static SharePair? Parse(ReadOnlySpan<byte> plaintext, int position)
    {
        KeyShare? seed = null;
        try
        {
            seed = KeyShare.Parse(plaintext[..ShareLength], SecretLength);
            var pair = new SharePair(seed, KeyShare.Parse(plaintext[ShareLength..], SecretLength));
            if (pair.Seed.X == position && pair.MaskKey.X == position) return pair;
            pair.Dispose();
        }
        catch (ShareException)
        {
            seed?.Dispose();
        }

        return null;
    }

    /// <summary>The plaintext of a box; the caller zeroes it.</summary>
    public byte[] ToBytes()
    {
        var bytes = GC.AllocateUninitializedArray<byte>(2 * ShareLength, pinned: true);
        var (seed, maskKey) = (Seed.ToBytes(), MaskKey.ToBytes());
        seed.CopyTo(bytes, 0);
        maskKey.CopyTo(bytes, ShareLength);
        CryptographicOperations.ZeroMemory(seed);
        CryptographicOperations.ZeroMemory(maskKey);
        return bytes;
    }

    public void Dispose()
    {
        Seed.Dispose();
        MaskKey.Dispose();
    }
}
