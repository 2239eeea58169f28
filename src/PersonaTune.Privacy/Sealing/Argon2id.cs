using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;

namespace PersonaTune.Privacy.Sealing;

/// <summary>
/// Argon2id, version 0x13 (RFC 9106): a memory-hard function that turns a passphrase into a key. Thread-safe; each call
/// allocates its working memory outside the managed heap and overwrites it before it returns.
/// </summary>
public static unsafe class Argon2id
{
    internal const int BlockWords = 128;
    private const int SyncPoints = 4;
    private const uint Version = 0x13;
    private const uint TypeId = 2;

    /// <summary>The fastest way that this processor supports.</summary>
    internal static Argon2Compression Best =>
        Avx2.IsSupported ? Argon2Compression.Vector256
        : Sse2.IsSupported || AdvSimd.IsSupported ? Argon2Compression.Vector128
        : Argon2Compression.Scalar;

    /// <summary>Fills <paramref name="output"/> (4 to 1024 bytes) with the key of <paramref name="password"/>.</summary>
    /// <param name="password">The passphrase's bytes (UTF-8 by convention); may be empty.</param>
    /// <param name="salt">At least 8 random bytes.</param>
    /// <param name="parameters">The cost.</param>
    /// <param name="output">Receives the key.</param>
    /// <param name="secret">An optional secret kept elsewhere ("pepper").</param>
    /// <param name="associatedData">Optional data to bind the key to.</param>
    /// <exception cref="KeyCostException">A parameter lies outside its range.</exception>
    public static void DeriveKey(ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt, Argon2Parameters parameters, Span<byte> output,
        ReadOnlySpan<byte> secret = default, ReadOnlySpan<byte> associatedData = default)
        => DeriveKey(password, salt, parameters, output, secret, associatedData, Best);

    internal static void DeriveKey(ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt, Argon2Parameters parameters, Span<byte> output,
        ReadOnlySpan<byte> secret, ReadOnlySpan<byte> associatedData, Argon2Compression compression)
    {
        parameters.Validate("Argon2id");
        if (salt.Length < 8) throw new ArgumentException($"the salt has {salt.Length} bytes, expected at least 8", nameof(salt));
        if (output.Length is < 4 or > 1024)
            throw new ArgumentException($"the output has {output.Length} bytes, expected 4 to 1024", nameof(output));

        var lanes = parameters.Parallelism;
        var segment = parameters.MemoryKiB / (SyncPoints * lanes);
        var laneLength = segment * SyncPoints;
        var blocks = laneLength * lanes;
        var bytes = (nuint)blocks * BlockWords * sizeof(ulong);
        var memory = (ulong*)NativeMemory.AlignedAlloc(bytes, 64);
        try
        {
            Span<byte> seed = stackalloc byte[72]; // H0 (64), column, lane
            HashInputs(password, salt, parameters, output.Length, secret, associatedData, seed[..64]);
            for (var lane = 0; lane < lanes; lane++)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(seed[68..], (uint)lane);
                for (var column = 0; column < 2; column++)
                {
                    BinaryPrimitives.WriteUInt32LittleEndian(seed[64..], (uint)column);
                    LongHash(seed, BlockBytes(memory + ((long)((lane * laneLength) + column) * BlockWords)));
                }
            }
            CryptographicOperations.ZeroMemory(seed);

            for (var pass = 0; pass < parameters.Iterations; pass++)
                for (var slice = 0; slice < SyncPoints; slice++)
                    for (var lane = 0; lane < lanes; lane++)
                        FillSegment(memory, parameters, blocks, segment, pass, slice, lane, compression);

            var last = memory + ((long)(laneLength - 1) * BlockWords);
            for (var lane = 1; lane < lanes; lane++)
            {
                var other = memory + ((long)((lane * laneLength) + laneLength - 1) * BlockWords);
                for (var i = 0; i < BlockWords; i++) last[i] ^= other[i];
            }
            LongHash(BlockBytes(last), output);
        }
        finally
        {
            NativeMemory.Clear(memory, bytes);
            NativeMemory.AlignedFree(memory);
        }
    }

    // Blocks are little-endian words on every supported platform, so a block's memory is its serialization.
    private static Span<byte> BlockBytes(ulong* block) => new(block, BlockWords * sizeof(ulong));

    private static void HashInputs(ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt, Argon2Parameters parameters, int outputLength,
        ReadOnlySpan<byte> secret, ReadOnlySpan<byte> associatedData, Span<byte> digest)
    {
        var hash = new Blake2b(64);
        hash.Append((uint)parameters.Parallelism);
        hash.Append((uint)outputLength);
        hash.Append((uint)parameters.MemoryKiB);
        hash.Append((uint)parameters.Iterations);
        hash.Append(Version);
        hash.Append(TypeId);
        hash.Append((uint)password.Length);
        hash.Append(password);
        hash.Append((uint)salt.Length);
        hash.Append(salt);
        hash.Append((uint)secret.Length);
        hash.Append(secret);
        hash.Append((uint)associatedData.Length);
        hash.Append(associatedData);
        hash.Finish(digest);
    }

    /// <summary>H' of RFC 9106, section 3.3: BLAKE2b stretched to any length.</summary>
    private static void LongHash(ReadOnlySpan<byte> input, Span<byte> output)
    {
        var hash = new Blake2b(Math.Min(64, output.Length));
        hash.Append((uint)output.Length);
        hash.Append(input);
        if (output.Length <= 64)
        {
            hash.Finish(output);
            return;
        }
        Span<byte> link = stackalloc byte[64];
        hash.Finish(link);
        link[..32].CopyTo(output);
        output = output[32..];
        while (output.Length > 64)
        {
            Blake2b.Hash(link, link);
            link[..32].CopyTo(output);
            output = output[32..];
        }
        Blake2b.Hash(link, output);
        CryptographicOperations.ZeroMemory(link);
    }

    private static void FillSegment(ulong* memory, Argon2Parameters parameters, int blocks, int segment, int pass, int slice, int lane,
        Argon2Compression compression)
    {
        var lanes = parameters.Parallelism;
        var laneLength = segment * SyncPoints;
        // Argon2id addresses memory independently of the data in the first half of the first pass.
        var independent = pass == 0 && slice < SyncPoints / 2;
        var input = stackalloc ulong[BlockWords];
        var addresses = stackalloc ulong[BlockWords];
        var zero = stackalloc ulong[BlockWords];
        new Span<ulong>(input, BlockWords).Clear();
        new Span<ulong>(zero, BlockWords).Clear();
        if (independent)
        {
            input[0] = (ulong)pass;
            input[1] = (ulong)lane;
            input[2] = (ulong)slice;
            input[3] = (ulong)blocks;
            input[4] = (ulong)parameters.Iterations;
            input[5] = TypeId;
        }
        var start = pass == 0 && slice == 0 ? 2 : 0;
        if (independent && start != 0) NextAddresses();

        for (var index = start; index < segment; index++)
        {
            if (independent && index % BlockWords == 0) NextAddresses();
            var column = (slice * segment) + index;
            var current = memory + ((long)((lane * laneLength) + column) * BlockWords);
            var previous = memory + ((long)((lane * laneLength) + (column == 0 ? laneLength - 1 : column - 1)) * BlockWords);
            var pseudo = independent ? addresses[index % BlockWords] : previous[0];

            var referenceLane = pass == 0 && slice == 0 ? lane : (int)((pseudo >> 32) % (ulong)lanes);
            var sameLane = referenceLane == lane;
            // How many blocks may be referred to: those finished before this one, without the slice being written by others.
            var area = (pass == 0 ? slice : SyncPoints - 1) * segment;
            area += sameLane ? index - 1 : index == 0 ? -1 : 0;
            var relative = (pseudo & 0xffffffff) * (pseudo & 0xffffffff) >> 32;
            relative = (ulong)(uint)area - 1 - ((ulong)(uint)area * relative >> 32);
            var first = pass == 0 || slice == SyncPoints - 1 ? 0 : (slice + 1) * segment;
            var position = (int)(((ulong)first + relative) % (ulong)laneLength);
            var reference = memory + ((long)((referenceLane * laneLength) + position) * BlockWords);

            Argon2Block.Compress(previous, reference, current, accumulate: pass > 0, compression);
        }

        void NextAddresses()
        {
            input[6]++;
            Argon2Block.Compress(zero, input, addresses, accumulate: false, compression);
            Argon2Block.Compress(zero, addresses, addresses, accumulate: false, compression);
        }
    }
}
