using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace PersonaTune.Privacy.SecureAggregation;

/// <summary>
/// Shamir's secret sharing over <see cref="Field61"/>: a secret is cut into limbs of seven bytes (little-endian, the last one
/// shorter; 32 bytes are five limbs), and each limb is the value at 0 of a random polynomial of degree threshold - 1. Fewer
/// than threshold shares say nothing about the secret. Nothing here detects a false share by itself: check what comes out
/// against a commitment, or use <see cref="RobustShamir"/>. Thread-safe.
/// </summary>
public static class ShamirSharing
{
    /// <summary>Bytes of a limb.</summary>
    public const int LimbBytes = 7;

    /// <summary>The longest secret, in bytes.</summary>
    public const int MaxSecretLength = 1024;

    /// <summary>The number of limbs of a secret of <paramref name="secretLength"/> bytes.</summary>
    public static int LimbCount(int secretLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(secretLength, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(secretLength, MaxSecretLength);
        return (secretLength + LimbBytes - 1) / LimbBytes;
    }

    /// <summary>Shares for the positions 1 to <paramref name="count"/>; any <paramref name="threshold"/> of them give the secret.</summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The threshold is below 2 (a single holder would know the secret) or above <paramref name="count"/>, or the secret is empty or too long.
    /// </exception>
    public static KeyShare[] Split(ReadOnlySpan<byte> secret, int threshold, int count, ISecretRandom? random = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threshold, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, KeyShare.MaxPosition);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, threshold);
        random ??= SecretRandom.System;
        var limbs = LimbCount(secret.Length);
        var coefficients = new ulong[threshold];
        var values = new ulong[count * limbs]; // (count, limbs)
        var shares = new KeyShare[count];
        try
        {
            for (var limb = 0; limb < limbs; limb++)
            {
                coefficients[0] = ReadLimb(secret[(limb * LimbBytes)..]);
                Field61.Random(random, coefficients.AsSpan(1));
                for (var x = 1; x <= count; x++) values[(x - 1) * limbs + limb] = Evaluate(coefficients, (ulong)x);
            }

            for (var x = 1; x <= count; x++) shares[x - 1] = new KeyShare(x, values.AsSpan((x - 1) * limbs, limbs));
            return shares;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(coefficients.AsSpan()));
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(values.AsSpan()));
        }
    }

    /// <summary>
    /// The secret, from the first <paramref name="threshold"/> of <paramref name="shares"/>. To reconstruct many secrets from shares
    /// at the same positions, use <see cref="ShamirCombiner"/>. The caller zeroes the result.
    /// </summary>
    /// <exception cref="ShareException">Too few shares, a position twice, the wrong number of limbs, or no secret of that length.</exception>
    public static byte[] Combine(ReadOnlySpan<KeyShare> shares, int threshold, int secretLength) =>
        new ShamirCombiner().Combine(shares, threshold, secretLength);

    internal static ulong Evaluate(ReadOnlySpan<ulong> coefficients, ulong x)
    {
        ulong value = 0;
        for (var i = coefficients.Length - 1; i >= 0; i--) value = Field61.Add(Field61.Multiply(value, x), coefficients[i]);
        return value;
    }

    internal static void Check(ReadOnlySpan<KeyShare> shares, int threshold, int secretLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threshold, 2);
        var limbs = LimbCount(secretLength);
        if (shares.Length < threshold)
        {
            throw new ShareException(ShareDefect.TooFewShares, 0,
                $"{threshold} shares are needed, got {shares.Length}; wait for more neighbours or abandon the round");
        }

        var seen = new HashSet<int>(shares.Length);
        foreach (var share in shares)
        {
            ArgumentNullException.ThrowIfNull(share, nameof(shares));
            if (!seen.Add(share.X)) throw new ShareException(ShareDefect.DuplicatePosition, share.X, "the position occurs twice; keep one share a position");
            if (share.Limbs.Length != limbs)
            {
                throw new ShareException(ShareDefect.WrongLimbCount, share.X,
                    $"a secret of {secretLength} bytes has {limbs} limbs, the share has {share.Limbs.Length}; drop the share");
            }
        }
    }

    /// <summary>Writes a reconstructed limb to its place in <paramref name="secret"/>.</summary>
    internal static void WriteLimb(ulong value, int limb, Span<byte> secret)
    {
        var bytes = secret[(limb * LimbBytes)..];
        var length = Math.Min(LimbBytes, bytes.Length);
        for (var i = 0; i < length; i++) bytes[i] = (byte)(value >> (8 * i));
        if (value >> (8 * length) != 0)
        {
            throw new ShareException(ShareDefect.Inconsistent, 0,
                $"limb {limb} exceeds {length} bytes, so at least one share is false; find it with RobustShamir or ask for other shares");
        }
    }

    private static ulong ReadLimb(ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        for (var i = Math.Min(LimbBytes, bytes.Length) - 1; i >= 0; i--) value = (value << 8) | bytes[i];
        return value;
    }
}
