using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using ArmAes = System.Runtime.Intrinsics.Arm.Aes;

namespace PersonaTune.Privacy.SecureAggregation;

// AESE adds the round key before the S-box, so key r belongs to round r + 1 and the last key is an exclusive-or of its own.
public static partial class MaskStream
{
    private readonly unsafe struct ArmCipher : IGroupCipher
    {
        public static bool IsSupported => ArmAes.IsSupported && AdvSimd.IsSupported && BitConverter.IsLittleEndian;

        // With four equal columns the row shift that AESE makes changes nothing, and only the S-box remains.
        public static uint SubstituteWord(uint word) =>
            ArmAes.Encrypt(Vector128.Create(word).AsByte(), Vector128<byte>.Zero).AsUInt32().ToScalar();

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Apply(uint* roundKeys, ulong firstGroup, uint* words, nint groups, bool subtract)
        {
            var flip = subtract ? Vector128<uint>.AllBitsSet : Vector128<uint>.Zero;
            var counter = firstGroup * 8;
            for (; groups > 0; groups--, counter += 8, words += GroupWords)
            {
                var start = Vector128.Create(0UL, BinaryPrimitives.ReverseEndianness(counter)).AsByte();
                var b0 = start;
                var b1 = start ^ Vector128.Create(0UL, 1UL << 56).AsByte();
                var b2 = start ^ Vector128.Create(0UL, 2UL << 56).AsByte();
                var b3 = start ^ Vector128.Create(0UL, 3UL << 56).AsByte();
                var b4 = start ^ Vector128.Create(0UL, 4UL << 56).AsByte();
                var b5 = start ^ Vector128.Create(0UL, 5UL << 56).AsByte();
                var b6 = start ^ Vector128.Create(0UL, 6UL << 56).AsByte();
                var b7 = start ^ Vector128.Create(0UL, 7UL << 56).AsByte();
                for (var round = roundKeys; round < roundKeys + 52; round += 4)
                {
                    var key = Vector128.Load(round).AsByte();
                    b0 = ArmAes.MixColumns(ArmAes.Encrypt(b0, key));
                    b1 = ArmAes.MixColumns(ArmAes.Encrypt(b1, key));
                    b2 = ArmAes.MixColumns(ArmAes.Encrypt(b2, key));
                    b3 = ArmAes.MixColumns(ArmAes.Encrypt(b3, key));
                    b4 = ArmAes.MixColumns(ArmAes.Encrypt(b4, key));
                    b5 = ArmAes.MixColumns(ArmAes.Encrypt(b5, key));
                    b6 = ArmAes.MixColumns(ArmAes.Encrypt(b6, key));
                    b7 = ArmAes.MixColumns(ArmAes.Encrypt(b7, key));
                }

                var (final, last) = (Vector128.Load(roundKeys + 52).AsByte(), Vector128.Load(roundKeys + 56).AsByte());
                Combine(words, ArmAes.Encrypt(b0, final) ^ last, flip);
                Combine(words + 4, ArmAes.Encrypt(b1, final) ^ last, flip);
                Combine(words + 8, ArmAes.Encrypt(b2, final) ^ last, flip);
                Combine(words + 12, ArmAes.Encrypt(b3, final) ^ last, flip);
                Combine(words + 16, ArmAes.Encrypt(b4, final) ^ last, flip);
                Combine(words + 20, ArmAes.Encrypt(b5, final) ^ last, flip);
                Combine(words + 24, ArmAes.Encrypt(b6, final) ^ last, flip);
                Combine(words + 28, ArmAes.Encrypt(b7, final) ^ last, flip);
            }
        }
    }
}
