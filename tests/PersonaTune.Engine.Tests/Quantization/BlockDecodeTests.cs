using System.IO.Compression;
using System.Runtime.InteropServices;
using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Quantization;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Tests.Quantization;

/// <summary>
/// dequant.safetensors holds what llama.cpp's Python reference decodes from the wide-*.gguf files of the same folder; see
/// the shared data's README, "reference/models".
/// </summary>
public class BlockDecodeTests
{
    private static readonly Lazy<SafetensorsFile> Decoded = new(() =>
    {
        using var packed = new GZipStream(File.OpenRead(SharedData.Reference("models", "dequant.safetensors.gz")), CompressionMode.Decompress);
        using var buffer = new MemoryStream();
        packed.CopyTo(buffer);
        return SafetensorsFile.FromBytes(buffer.ToArray(), "dequant.safetensors.gz");
    });

    public static TheoryData<TensorType> QuantizedTypes =>
    [
        TensorType.Q8_0, TensorType.Q4_0, TensorType.Q4_1, TensorType.Q5_0, TensorType.Q5_1, TensorType.Q4_K, TensorType.Q5_K, TensorType.Q6_K,
    ];

    [Theory]
    [InlineData("Q8_0", TensorType.Q8_0)]
    [InlineData("Q4_0", TensorType.Q4_0)]
    [InlineData("Q4_1", TensorType.Q4_1)]
    [InlineData("Q5_0", TensorType.Q5_0)]
    [InlineData("Q5_1", TensorType.Q5_1)]
    [InlineData("Q4_K_M", TensorType.Q4_K)]
    [InlineData("Q5_K_M", TensorType.Q5_K)]
    [InlineData("Q6_K", TensorType.Q6_K)]
    public void EqualsTheReferenceBitForBit(string variant, TensorType type)
    {
        using var file = GgufFile.Open(SharedData.Reference("models", $"wide-{variant}.gguf"));
        Assert.Contains(type, Compare(file, variant));
    }

    [SharedFact("reference/models/wide-F16.gguf")]
    public void F16EqualsTheReferenceBitForBit()
    {
        using var file = GgufFile.Open(SharedData.Shared("reference", "models", "wide-F16.gguf"));
        Assert.Contains(TensorType.F16, Compare(file, "F16"));
    }

    [Theory]
    [MemberData(nameof(QuantizedTypes))]
    public void VectorEqualsScalarOnEveryBitPattern(TensorType type)
    {
        const int Blocks = 200;
        var bytes = new byte[Blocks * type.BlockBytes()];
        new Random(1).NextBytes(bytes);
        var values = new float[Blocks * type.BlockSize()];

        BlockCodec.Decode(type, bytes, values);

        for (var i = 0; i < values.Length; i++)
        {
            var block = bytes.AsSpan(i / type.BlockSize() * type.BlockBytes(), type.BlockBytes());
            var expected = ScalarDecoder.Element(type, block, i % type.BlockSize());
            // A random f16 scale may be NaN, whose payload is nobody's business.
            if (float.IsNaN(expected)) Assert.True(float.IsNaN(values[i]));
            else Assert.Equal(BitConverter.SingleToUInt32Bits(expected), BitConverter.SingleToUInt32Bits(values[i]));
        }
    }

    [Fact]
    public void EveryHalfDecodesExactly()
    {
        var halves = Enumerable.Range(0, 65_536).Select(i => BitConverter.UInt16BitsToHalf((ushort)i)).ToArray();
        var values = new float[65_536];

        BlockCodec.Decode(TensorType.F16, MemoryMarshal.AsBytes<Half>(halves), values);

        for (var i = 0; i < values.Length; i++)
        {
            var single = HalfFloat.Read(ref MemoryMarshal.AsBytes(halves.AsSpan())[2 * i]);
            if (Half.IsNaN(halves[i]))
            {
                Assert.True(float.IsNaN(values[i]) && float.IsNaN(single));
                continue;
            }

            Assert.Equal(BitConverter.SingleToUInt32Bits((float)halves[i]), BitConverter.SingleToUInt32Bits(single));
            Assert.Equal(BitConverter.SingleToUInt32Bits((float)halves[i]), BitConverter.SingleToUInt32Bits(values[i]));
        }
    }

    [Fact]
    public void EveryLengthOfPlainTypesDecodes()
    {
        for (var length = 0; length <= 257; length++)
        {
            var exact = Enumerable.Range(0, length).Select(i => (i - 128) * 0.25f).ToArray();
            foreach (var type in new[] { TensorType.F32, TensorType.F16, TensorType.BF16 })
            {
                var bytes = new byte[type.RowBytes(length)];
                var values = new float[length];
                BlockCodec.Encode(type, exact, bytes);
                BlockCodec.Decode(type, bytes, values);
                Assert.Equal(exact, values);
            }
        }
    }

    [Fact]
    public void BFloat16IsTheUpperHalf()
    {
        var values = new float[3];
        BlockCodec.Decode(TensorType.BF16, [0x80, 0x3F, 0x49, 0x40, 0x80, 0xFF], values);
        Assert.Equal([1f, 3.140625f, float.NegativeInfinity], values);
    }

    [Fact]
    public void WrongLengthsAreRefused()
    {
        Assert.Throws<ArgumentException>(() => BlockCodec.Decode(TensorType.Q8_0, new byte[33], new float[32]));
        Assert.Throws<ArgumentOutOfRangeException>(() => BlockCodec.Decode(TensorType.Q8_0, new byte[34], new float[33]));
        Assert.Throws<NotSupportedException>(() => BlockCodec.Decode(TensorType.I32, new byte[4], new float[1]));
    }

    private static List<TensorType> Compare(GgufFile file, string variant)
    {
        var types = new List<TensorType>();
        foreach (var reference in Decoded.Value.Tensors.Where(t => t.Name.StartsWith(variant + ".", StringComparison.Ordinal)))
        {
            var name = reference.Name[(variant.Length + 1)..reference.Name.LastIndexOf('.')];
            var expected = MemoryMarshal.Cast<byte, uint>(Decoded.Value.GetBytes(reference.Name));
            var actual = MemoryMarshal.Cast<float, uint>(file.GetFloats(name));
            Assert.True(expected.SequenceEqual(actual), $"{reference.Name} differs");
            types.Add(file.GetTensor(name).Type);
        }

        return types;
    }
}
