using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using X86Aes = System.Runtime.Intrinsics.X86.Aes;

namespace PersonaTune.Privacy.SecureAggregation;

// Eight blocks hide the latency of one round (four cycles, two a cycle, on Zen 3). .NET 10 exposes 128-bit AES only.
public static partial class MaskStream
{
    private readonly unsafe struct X86Cipher : IGroupCipher
    {
        public static bool IsSupported => X86Aes.IsSupported && Sse2.IsSupported && BitConverter.IsLittleEndian;

        // KEYGENASSIST puts the S-box of dword 1 into dword 0.
        public static uint SubstituteWord(uint word) =>
            X86Aes.KeygenAssist(Vector128.Create(word).AsByte(), 0).AsUInt32().ToScalar();

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Apply(uint* roundKeys, ulong firstGroup, uint* words, nint groups, bool subtract)
        {
            // a - k = ~(~a + k): one loop serves both signs.
            var flip = subtract ? Vector128<uint>.AllBitsSet : Vector128<uint>.Zero;
            var first = Vector128.Load(roundKeys).AsUInt64();
            var counter = firstGroup * 8;
            for (; groups > 0; groups--, counter += 8, words += GroupWords)
            {
                var start = (first ^ Vector128.Create(0UL, BinaryPrimitives.ReverseEndianness(counter))).AsByte();
                var b0 = start;
                var b1 = start ^ Vector128.Create(0UL, 1UL << 56).AsByte();
                var b2 = start ^ Vector128.Create(0UL, 2UL << 56).AsByte();
                var b3 = start ^ Vector128.Create(0UL, 3UL << 56).AsByte();
                var b4 = start ^ Vector128.Create(0UL, 4UL << 56).AsByte();
                var b5 = start ^ Vector128.Create(0UL, 5UL << 56).AsByte();
                var b6 = start ^ Vector128.Create(0UL, 6UL << 56).AsByte();
                var b7 = start ^ Vector128.Create(0UL, 7UL << 56).AsByte();
                for (var round = roundKeys + 4; round < roundKeys + 56; round += 4)
                {
                    var key = Vector128.Load(round).AsByte();
                    b0 = X86Aes.Encrypt(b0, key);
                    b1 = X86Aes.Encrypt(b1, key);
                    b2 = X86Aes.Encrypt(b2, key);
                    b3 = X86Aes.Encrypt(b3, key);
                    b4 = X86Aes.Encrypt(b4, key);
                    b5 = X86Aes.Encrypt(b5, key);
                    b6 = X86Aes.Encrypt(b6, key);
                    b7 = X86Aes.Encrypt(b7, key);
                }

                var last = Vector128.Load(roundKeys + 56).AsByte();
                Combine(words, X86Aes.EncryptLast(b0, last), flip);
                Combine(words + 4, X86Aes.EncryptLast(b1, last), flip);
                Combine(words + 8, X86Aes.EncryptLast(b2, last), flip);
                Combine(words + 12, X86Aes.EncryptLast(b3, last), flip);
                Combine(words + 16, X86Aes.EncryptLast(b4, last), flip);
                Combine(words + 20, X86Aes.EncryptLast(b5, last), flip);
                Combine(words + 24, X86Aes.EncryptLast(b6, last), flip);
                Combine(words + 28, X86Aes.EncryptLast(b7, last), flip);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void Combine(uint* words, Vector128<byte> stream, Vector128<uint> flip) =>
        (((Vector128.Load(words) ^ flip) + stream.AsUInt32()) ^ flip).Store(words);
}
