using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace PersonaTune.Privacy.SecureAggregation;

/// <summary>
/// Adds the mask of a 32-byte key to a vector: the AES-256-CTR keystream (zero IV, 16-byte big-endian block counter), read as
/// 32-bit little-endian words, modulo 2^32. Because 2^b divides 2^32, a caller that works modulo 2^b adds any number of masks
/// first and keeps the low b bits at the end. A key masks one vector; to use it for two vectors reveals their difference.
/// Thread-safe; round keys are zeroed before a call returns.
/// </summary>
// Block j of the stream covers words 4 j to 4 j + 3. The vector paths work on groups of eight blocks
// that start at a multiple of eight: inside a group the counters differ in the low three bits only, so that a group costs one
// counter and eight exclusive-ors. Words before the first and after the last whole group go through a group on the stack.
public static partial class MaskStream
{
    /// <summary>Bytes of a key.</summary>
    public const int KeyLength = 32;

    private const int GroupWords = 32;

    // A chunk and its key schedule stay in the second-level cache while every key passes over it.
    private const int ChunkWords = 64 * 1024;

    /// <summary>Adds the words of the mask of <paramref name="key32"/> from word <paramref name="firstWord"/> on.</summary>
    /// <exception cref="ArgumentException">The key is not 32 bytes long.</exception>
    public static void Add(ReadOnlySpan<byte> key32, Span<uint> accumulator, long firstWord = 0) =>
        Apply(BestPath, key32, subtract: false, accumulator, firstWord);

    /// <summary>Takes away what <see cref="Add"/> with the same arguments adds.</summary>
    /// <exception cref="ArgumentException">The key is not 32 bytes long.</exception>
    public static void Subtract(ReadOnlySpan<byte> key32, Span<uint> accumulator, long firstWord = 0) =>
        Apply(BestPath, key32, subtract: true, accumulator, firstWord);

    /// <summary>
    /// Adds (sign 1) or takes away (sign -1) the masks of several keys, laid one after the other in <paramref name="keys"/>. The
    /// vector is walked in pieces that stay in cache while all keys are applied, by up to <paramref name="threads"/> threads
    /// (default 1). The result does not depend on the number of threads.
    /// </summary>
    /// <exception cref="ArgumentException">The keys are not 32 bytes for each sign, or a sign is neither 1 nor -1.</exception>
    public static void AddMany(
        ReadOnlySpan<byte> keys, ReadOnlySpan<sbyte> signs, Span<uint> accumulator, long firstWord = 0, int threads = 1) =>
        ApplyMany(BestPath, keys, signs, accumulator, firstWord, threads);

    internal static MaskPath BestPath { get; } =
        IsSupported(MaskPath.X86) ? MaskPath.X86 : IsSupported(MaskPath.Arm) ? MaskPath.Arm : MaskPath.Portable;

    internal static bool IsSupported(MaskPath path) => path switch
    {
        MaskPath.X86 => X86Cipher.IsSupported,
        MaskPath.Arm => ArmCipher.IsSupported,
        _ => true,
    };

    internal static unsafe void ApplyMany(
        MaskPath path, ReadOnlySpan<byte> keys, ReadOnlySpan<sbyte> signs, Span<uint> accumulator, long firstWord, int threads)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstWord);
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        if (keys.Length != (long)KeyLength * signs.Length)
            throw new ArgumentException($"{signs.Length} signs need {(long)KeyLength * signs.Length} key bytes, got {keys.Length}", nameof(keys));
        foreach (var sign in signs)
            if (sign is not (1 or -1)) throw new ArgumentException($"a sign is 1 or -1, got {sign}", nameof(signs));

        var length = accumulator.Length;
        var chunks = (length + ChunkWords - 1) / ChunkWords;
        // The spans cannot be captured; pinned, they outlive the loop because the loop ends before this method does.
        fixed (byte* keyStart = keys)
        fixed (sbyte* signStart = signs)
        fixed (uint* words = accumulator)
        {
            var (k, s, w, count) = ((nint)keyStart, (nint)signStart, (nint)words, signs.Length);
            if (threads == 1 || chunks <= 1)
                for (var chunk = 0; chunk < chunks; chunk++) ApplyAll(chunk);
            else
                Parallel.For(0, chunks, new ParallelOptions { MaxDegreeOfParallelism = threads }, ApplyAll);

            void ApplyAll(int chunk)
            {
                var start = chunk * ChunkWords;
                var piece = new Span<uint>((uint*)w + start, Math.Min(ChunkWords, length - start));
                for (var i = 0; i < count; i++)
                    Apply(path, new ReadOnlySpan<byte>((byte*)k + i * KeyLength, KeyLength), ((sbyte*)s)[i] < 0, piece, firstWord + start);
            }
        }
    }

    internal static void Apply(MaskPath path, ReadOnlySpan<byte> key, bool subtract, Span<uint> accumulator, long firstWord)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstWord);
        if (key.Length != KeyLength) throw new ArgumentException($"a mask key has {KeyLength} bytes, got {key.Length}", nameof(key));
        switch (path)
        {
            case MaskPath.X86:
                ApplyGroups<X86Cipher>(key, subtract, accumulator, firstWord);
                break;
            case MaskPath.Arm:
                ApplyGroups<ArmCipher>(key, subtract, accumulator, firstWord);
                break;
            default:
                ApplyPortable(key, subtract, accumulator, firstWord);
                break;
        }
    }

    private static unsafe void ApplyGroups<TCipher>(ReadOnlySpan<byte> key, bool subtract, Span<uint> accumulator, long firstWord)
        where TCipher : struct, IGroupCipher
    {
        const int RoundKeyWords = 4 * 15;
        var roundKeys = stackalloc uint[RoundKeyWords];
        var group = stackalloc uint[GroupWords];
        try
        {
            ExpandKey<TCipher>(key, new Span<uint>(roundKeys, RoundKeyWords));
            fixed (uint* words = accumulator)
            {
                long done = 0;
                while (done < accumulator.Length)
                {
                    var word = firstWord + done;
                    var skip = (int)(word % GroupWords);
                    var whole = (accumulator.Length - done) / GroupWords;
                    if (skip == 0 && whole > 0)
                    {
                        TCipher.Apply(roundKeys, (ulong)(word / GroupWords), words + done, (nint)whole, subtract);
                        done += whole * GroupWords;
                        continue;
                    }

                    new Span<uint>(group, GroupWords).Clear();
                    TCipher.Apply(roundKeys, (ulong)(word / GroupWords), group, 1, subtract);
                    var part = (int)Math.Min(GroupWords - skip, accumulator.Length - done);
                    for (var i = 0; i < part; i++) words[done + i] += group[skip + i];
                    done += part;
                }
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(new Span<byte>(roundKeys, RoundKeyWords * sizeof(uint)));
            CryptographicOperations.ZeroMemory(new Span<byte>(group, GroupWords * sizeof(uint)));
        }
    }

    /// <summary>FIPS 197, 5.2, for 256-bit keys; a word is four bytes in memory order.</summary>
    private static void ExpandKey<TCipher>(ReadOnlySpan<byte> key, Span<uint> words)
        where TCipher : struct, IGroupCipher
    {
        key.CopyTo(MemoryMarshal.AsBytes(words));
        uint roundConstant = 1;
        for (var i = 8; i < words.Length; i++)
        {
            var word = words[i - 1];
            if (i % 8 == 0)
            {
                word = uint.RotateRight(TCipher.SubstituteWord(word), 8) ^ roundConstant;
                roundConstant <<= 1;
            }
            else if (i % 8 == 4)
            {
                word = TCipher.SubstituteWord(word);
            }

            words[i] = words[i - 8] ^ word;
        }
    }

    /// <summary>AES on one family of processors.</summary>
    private unsafe interface IGroupCipher
    {
        static abstract bool IsSupported { get; }

        /// <summary>The S-box on each byte, in constant time.</summary>
        static abstract uint SubstituteWord(uint word);

        /// <summary>Adds or subtracts the stream of whole groups of eight blocks, the first of which starts at block 8 x firstGroup.</summary>
        static abstract void Apply(uint* roundKeys, ulong firstGroup, uint* words, nint groups, bool subtract);
    }
}
