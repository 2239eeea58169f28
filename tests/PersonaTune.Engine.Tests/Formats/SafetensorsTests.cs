using System.Buffers.Binary;
using System.Text;
using PersonaTune.Engine.Formats;

namespace PersonaTune.Engine.Tests.Formats;

/// <summary>The rules of the safetensors specification, one by one.</summary>
public class SafetensorsTests
{
    public static TheoryData<string, string, int, string> Lies => new()
    {
        { "no object", "[]", 0, "start with '{'" },
        { "leading space", " {}", 0, "start with '{'" },
        { "no JSON", "{\"a\":}", 0, "JSON" },
        { "cut JSON", "{\"a\":{\"dtype\":\"F32\"", 0, "ends in something other" },
        { "trailing tab", "{}\t", 0, "ends in something other" },
        { "two objects", "{}{}", 0, "JSON" },
        { "duplicate tensor", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "occurs twice" },
        { "duplicate by escape", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"\\u0061\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}", 2, "occurs twice" },
        { "duplicate field", "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "repeated" },
        { "unknown field", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],\"x\":1}}", 1, "unknown" },
        { "missing field", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1]}}", 1, "must have dtype, shape" },
        { "metadata number", "{\"__metadata__\":{\"a\":1}}", 0, "must be a string" },
        { "metadata list", "{\"__metadata__\":[\"a\"]}", 0, "object of strings" },
        { "duplicate metadata", "{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", 0, "occurs twice" },
        { "unknown dtype", "{\"a\":{\"dtype\":\"F12\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "'F12'" },
        { "dtype in lower case", "{\"a\":{\"dtype\":\"f32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "'f32'" },
        { "dtype as a number", "{\"a\":{\"dtype\":1,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "ill-typed" },
        { "negative dimension", "{\"a\":{\"dtype\":\"U8\",\"shape\":[-1],\"data_offsets\":[0,1]}}", 1, "integers" },
        { "fractional dimension", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1.0],\"data_offsets\":[0,1]}}", 1, "integers" },
        { "dimension 2^64", "{\"a\":{\"dtype\":\"U8\",\"shape\":[18446744073709551616],\"data_offsets\":[0,1]}}", 1, "integers" },
        { "shape wraps to 0", "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,1073741824],\"data_offsets\":[0,0]}}", 0, "overflows" },
        { "shape against offsets", "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, "needs 8 bytes" },
        { "offsets backwards", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,0]}}", 1, "data_offsets" },
        { "three offsets", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1,2]}}", 1, "more than 2" },
        { "beyond the file", "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}", 1, "truncated" },
        { "near 2^63", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[9223372036854775806,9223372036854775807]}}", 1, "truncated" },
        { "hole at the start", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}", 2, "hole" },
        { "hole between", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[2,3]}}", 3, "hole" },
        { "overlap", "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}", 3, "overlaps" },
        { "bytes behind the last tensor", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 2, "the file has" },
        { "nested too deep", "{\"a\":{\"dtype\":\"U8\",\"shape\":[[[[1]]]],\"data_offsets\":[0,1]}}", 1, "" },
    };

    [Theory]
    [MemberData(nameof(Lies))]
    public void LiesAreRefused(string lie, string header, int dataBytes, string expected)
    {
        var error = Assert.Throws<FileFormatException>(() => SafetensorsFile.FromBytes(Build(header, dataBytes), lie));
        Assert.Contains(expected, error.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void PaddingEmptyTensorsAndScalarsAreLegal()
    {
        using var file = SafetensorsFile.FromBytes(Build(
            "{\"__metadata__\":{\"format\":\"pt\"},\"b\":{\"shape\":[],\"dtype\":\"F32\",\"data_offsets\":[0,4]},"
            + "\"empty\":{\"dtype\":\"I64\",\"shape\":[3,0],\"data_offsets\":[4,4]},\"a\":{\"dtype\":\"BF16\",\"shape\":[1,2],\"data_offsets\":[4,8]}}   ", 8));
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Equal([0f], file.GetFloats("b"));
        Assert.Equal(0, file.GetTensor("empty").ElementCount);
        Assert.Equal(2, file.GetFloats("a").Length);
        Assert.Throws<FileFormatException>(() => file.GetFloats("empty"));
        Assert.Throws<FileFormatException>(() => file.GetTensor("missing"));
    }

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData(1UL << 63)]
    [InlineData(100_000_001UL)]
    public void AHugeHeaderIsRefusedBeforeItIsRead(ulong length)
    {
        var bytes = new byte[64];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, length);
        Assert.Contains("the limit is 100000000", Assert.Throws<FileFormatException>(() => SafetensorsFile.FromBytes(bytes)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AdaptersHaveALowerLimit()
    {
        var bytes = Build("{}" + new string(' ', SafetensorsOptions.AdapterHeaderBytes), 0);
        SafetensorsFile.FromBytes(bytes).Dispose();
        Assert.Contains("the limit is 1048576", Assert.Throws<FileFormatException>(
            () => SafetensorsFile.FromBytes(bytes, options: SafetensorsOptions.Adapter)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void EveryTruncationIsRefused()
    {
        var valid = Build("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8);
        SafetensorsFile.FromBytes(valid).Dispose();
        for (var length = 0; length < valid.Length; length++)
        {
            var cut = valid[..length];
            Assert.Throws<FileFormatException>(() => SafetensorsFile.FromBytes(cut).Dispose());
        }
    }

    [Fact]
    public void WrittenFilesAreReadBack()
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("personatune-").FullName, "a.safetensors");
        var writer = new SafetensorsWriter();
        writer.SetMetadata("who", "grüße \"x\"");
        writer.Add("m", [2, 2], new[] { 1f, -2f, 3f, float.MaxValue });
        writer.Add("scalar", [], new[] { 0.1 });
        writer.Add("none", [0, 7], ReadOnlyMemory<float>.Empty);
        writer.Add("ids", SafetensorsType.U8, [3], 3, stream => stream.Write([7, 8, 9]));
        writer.Write(path);

        using (var file = SafetensorsFile.Open(path))
        {
            Assert.Equal("grüße \"x\"", file.Metadata["who"]);
            Assert.Equal([1f, -2f, 3f, float.MaxValue], file.GetFloats("m"));
            Assert.Equal([0.1], file.GetDoubles("scalar"));
            Assert.Empty(file.GetFloats("none"));
            Assert.Equal([7, 8, 9], file.GetBytes("ids").ToArray());
            Assert.Equal(0, file.GetTensor("m").Offset % 8);
        }

        Assert.Throws<ArgumentException>(() => writer.Add("m", [1], new[] { 1f }));
        Assert.Throws<ArgumentException>(() => writer.Add("n", [2], new[] { 1f }));
        Assert.Throws<ArgumentException>(() => writer.Add("__metadata__", [1], new[] { 1f }));
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }

    [Fact]
    public void ForeignFilesAreRead()
    {
        using var file = SafetensorsFile.Open(SharedData.Reference("models", "llama-lora.gradients.safetensors"));
        Assert.Equal(11, file.GetDoubles("losses").Length);
        Assert.Equal(file.GetDoubles("losses").OrderDescending(), file.GetDoubles("losses"));
    }

    internal static byte[] Build(string header, int dataBytes)
    {
        var json = Encoding.UTF8.GetBytes(header);
        var bytes = new byte[8 + json.Length + dataBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)json.Length);
        json.CopyTo(bytes, 8);
        return bytes;
    }
}
