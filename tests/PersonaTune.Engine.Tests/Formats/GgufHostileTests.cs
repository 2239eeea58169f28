using PersonaTune.Engine.Formats;

namespace PersonaTune.Engine.Tests.Formats;

/// <summary>Every way in which a GGUF file can lie: a typed error that says what is wrong, and little memory spent on it.</summary>
public class GgufHostileTests
{
    private static readonly byte[] Valid = new GgufBytes(tensors: 1, metadata: 1).Key("a", GgufValueType.UInt32).U32(7).Tensor("t", [4, 2], 0, 0).Data(32).ToArray();

    [Fact]
    public void TheValidFileIsRead()
    {
        using var file = GgufFile.FromBytes(Valid);
        Assert.Equal(7, file.Metadata.GetInt32("a"));
        Assert.Equal(8, file.GetFloats("t").Length);
    }

    [Fact]
    public void EveryTruncationIsRefused()
    {
        for (var length = 0; length < Valid.Length; length++)
        {
            var cut = Valid[..length];
            Assert.Throws<FileFormatException>(() => GgufFile.FromBytes(cut).Dispose());
        }
    }

    public static TheoryData<string, byte[], string> Lies => new()
    {
        { "magic", new GgufBytes(magic: "GGML").ToArray(), "does not start with 'GGUF'" },
        { "version 1", new GgufBytes(version: 1).ToArray(), "version 1" },
        { "big-endian", new GgufBytes(version: 0x0300_0000).ToArray(), "big-endian" },
        { "tensor count 2^63", new GgufBytes(tensors: 1UL << 63).ToArray(), "claims 9223372036854775808 tensors" },
        { "tensor count 2^64 - 1", new GgufBytes(tensors: ulong.MaxValue).Raw(new byte[100]).ToArray(), "tensors" },
        { "metadata count 2^63 - 1", new GgufBytes(metadata: long.MaxValue).Raw(new byte[100]).ToArray(), "metadata entries" },
        { "metadata count beyond the file", new GgufBytes(metadata: 8).Raw(new byte[100]).ToArray(), "metadata entries" },
        { "key length 2^64 - 1", new GgufBytes(metadata: 1).U64(ulong.MaxValue).Raw(new byte[100]).ToArray(), "metadata key" },
        { "key length wraps to the start", new GgufBytes(metadata: 1).U64(unchecked((ulong)-32)).Raw(new byte[100]).ToArray(), "metadata key" },
        { "key too long", new GgufBytes(metadata: 1).Text(new string('k', 65_536)).U32(4).U32(1).ToArray(), "metadata key" },
        { "empty key", new GgufBytes(metadata: 1).Key("", GgufValueType.UInt32).U32(1).U64(0).ToArray(), "empty" },
        { "key not UTF-8", new GgufBytes(metadata: 1).Text([0x61, 0xFF]).U32(4).U32(1).ToArray(), "UTF-8" },
        { "duplicate key", new GgufBytes(metadata: 2).Key("a", GgufValueType.UInt8).U8(1).Key("a", GgufValueType.UInt8).U8(1).ToArray(), "twice" },
        { "unknown value type", new GgufBytes(metadata: 1).Key("a", (GgufValueType)13).U64(0).ToArray(), "unknown type 13" },
        { "boolean 2", new GgufBytes(metadata: 1).Key("a", GgufValueType.Boolean).U8(2).ToArray(), "boolean" },
        { "string value length 2^64 - 1", new GgufBytes(metadata: 1).Key("a", GgufValueType.String).U64(ulong.MaxValue).ToArray(), "claims 18446744073709551615 bytes" },
        { "string value not UTF-8", new GgufBytes(metadata: 1).Key("a", GgufValueType.String).Text([0xC3, 0x28]).ToArray(), "UTF-8" },
        { "array count 2^61", new GgufBytes(metadata: 1).Key("a", GgufValueType.Array).U32(10).U64(1UL << 61).Raw(new byte[64]).ToArray(), "elements of 'a'" },
        { "array count of strings beyond the file", new GgufBytes(metadata: 1).Key("a", GgufValueType.Array).U32(8).U64(9).Raw(new byte[64]).ToArray(), "elements of 'a'" },
        { "array element type lies", new GgufBytes(metadata: 1).Key("a", GgufValueType.Array).U32(99).U64(1).Raw(new byte[64]).ToArray(), "unknown type 99" },
        { "array of 4-byte integers called strings", new GgufBytes(metadata: 1).Key("a", GgufValueType.Array).U32(8).U64(4).U32(1).U32(2).U32(3).U32(4).Raw(new byte[64]).ToArray(), "claims" },
        { "arrays nested too deep", Nested(20), "nests" },
        { "alignment 0", Aligned(GgufValueType.UInt32, 0), "alignment" },
        { "alignment 3", Aligned(GgufValueType.UInt32, 3), "alignment" },
        { "alignment 2^31", Aligned(GgufValueType.UInt32, 1u << 31), "alignment" },
        { "alignment as a signed integer", Aligned(GgufValueType.Int32, 32), "alignment" },
        { "five dimensions", new GgufBytes(tensors: 1).Tensor("t", [1, 1, 1, 1, 1], 0, 0).Data(64).ToArray(), "5 dimensions" },
        { "2^32 - 1 dimensions", new GgufBytes(tensors: 1).Text("t").U32(uint.MaxValue).Raw(new byte[64]).ToArray(), "4294967295 dimensions" },
        { "dimension 0", new GgufBytes(tensors: 1).Tensor("t", [4, 0], 0, 0).Data(64).ToArray(), "dimension 1 of tensor 't' is 0" },
        { "dimension 2^63", new GgufBytes(tensors: 1).Tensor("t", [1UL << 63], 0, 0).Data(64).ToArray(), "dimension 0" },
        { "dimension product wraps to 0", new GgufBytes(tensors: 1).Tensor("t", [1UL << 32, 1UL << 32], 0, 0).Data(64).ToArray(), "overflow" },
        { "dimension product wraps to 4", new GgufBytes(tensors: 1).Tensor("t", [(1UL << 62) + 1, 4], 0, 0).Data(64).ToArray(), "overflow" },
        { "bytes wrap", new GgufBytes(tensors: 1).Tensor("t", [1UL << 62], 0, 0).Data(64).ToArray(), "beyond the file" },
        { "offset wraps", new GgufBytes(tensors: 1).Tensor("t", [16], 0, ulong.MaxValue - 31).Data(64).ToArray(), "beyond the file" },
        { "offset beyond the file", new GgufBytes(tensors: 1).Tensor("t", [16], 0, 32).Data(64).ToArray(), "beyond the file" },
        { "offset not aligned", new GgufBytes(tensors: 1).Tensor("t", [4], 0, 4).Data(64).ToArray(), "alignment" },
        { "half a block", new GgufBytes(tensors: 1).Tensor("t", [33], 8, 0).Data(128).ToArray(), "multiple of 32" },
        { "unknown tensor type", new GgufBytes(tensors: 1).Tensor("t", [4], 4, 0).Data(64).ToArray(), "unsupported type 4" },
        { "tensor type 2^32 - 1", new GgufBytes(tensors: 1).Tensor("t", [4], uint.MaxValue, 0).Data(64).ToArray(), "type -1" },
        { "duplicate tensor", new GgufBytes(tensors: 2).Tensor("t", [8], 0, 0).Tensor("t", [8], 0, 32).Data(64).ToArray(), "twice" },
        { "overlapping tensors", new GgufBytes(tensors: 2).Tensor("t", [16], 0, 0).Tensor("u", [8], 0, 32).Data(64).ToArray(), "overlap" },
        { "tensors at the same place", new GgufBytes(tensors: 2).Tensor("t", [8], 0, 0).Tensor("u", [8], 0, 0).Data(64).ToArray(), "overlap" },
        { "tensor name too long", new GgufBytes(tensors: 1).Tensor(new string('n', 256), [4], 0, 0).Data(64).ToArray(), "tensor name" },
        { "empty tensor name", new GgufBytes(tensors: 1).Tensor("", [4], 0, 0).Data(64).ToArray(), "empty" },
    };

    [Theory]
    [MemberData(nameof(Lies))]
    public void LiesAreRefused(string lie, byte[] bytes, string expected)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<FileFormatException>(() => GgufFile.FromBytes(bytes, "hostile.gguf"));
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.StartsWith("hostile.gguf: ", error.Message, StringComparison.Ordinal);
        Assert.True(allocated < 20 * bytes.Length + 100_000, $"{lie}: {allocated} bytes allocated for a file of {bytes.Length}");
    }

    [Theory]
    [InlineData("missing", "is missing")]
    [InlineData("word", "must be an integer")]
    [InlineData("huge", "must lie in 0..100")]
    [InlineData("negative", "must lie in 0..100")]
    public void IntegersAreChecked(string key, string expected)
    {
        using var file = GgufFile.FromBytes(new GgufBytes(metadata: 4)
            .Key("word", GgufValueType.String).Text("12")
            .Key("huge", GgufValueType.UInt64).U64(ulong.MaxValue)
            .Key("negative", GgufValueType.Int8).U8(0xFF)
            .Key("unsigned", GgufValueType.Array).U32((uint)GgufValueType.UInt32).U64(1).U32(uint.MaxValue)
            .ToArray());

        var error = Assert.Throws<FileFormatException>(() => file.Metadata.GetInt32(key, 0, 100));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Throws<FileFormatException>(() => file.Metadata.FindInt32s("unsigned"));
        Assert.Throws<FileFormatException>(() => file.Metadata.GetSingle("word"));
        Assert.Throws<FileFormatException>(() => file.Metadata.GetString("huge"));
        Assert.Throws<FileFormatException>(() => file.Metadata.FindStrings("unsigned"));
        Assert.Null(file.Metadata.FindBoolean("missing"));
    }

    [Fact]
    public void AMissingTensorIsNamed()
    {
        using var file = GgufFile.FromBytes(Valid);
        Assert.Contains("'u' is missing", Assert.Throws<FileFormatException>(() => file.GetMatrix("u")).Message, StringComparison.Ordinal);
        Assert.Contains("must be a vector", Assert.Throws<FileFormatException>(() => file.GetVector("t")).Message, StringComparison.Ordinal);
    }

    private static byte[] Aligned(GgufValueType type, uint alignment) =>
        new GgufBytes(tensors: 1, metadata: 1).Key("general.alignment", type).U32(alignment).Tensor("t", [4], 0, 0).Data(64).ToArray();

    private static byte[] Nested(int depth)
    {
        var bytes = new GgufBytes(metadata: 1).Key("a", GgufValueType.Array);
        for (var i = 0; i < depth; i++) bytes.U32((uint)GgufValueType.Array).U64(1);
        return bytes.U32(0).U64(1).U8(1).ToArray();
    }
}
