using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Tests.Formats;

public sealed class GgufWriterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("personatune-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(null)]
    [InlineData(8u)]
    [InlineData(256u)]
    public void EverythingIsReadBack(uint? alignment)
    {
        var writer = new GgufWriter();
        if (alignment is { } a) writer.Set("general.alignment", GgufValue.Of(a));
        writer.Set("text", GgufValue.Of("grüße 😀"));
        writer.Set("strings", GgufValue.Of(["a", "", "c\0d"]));
        writer.Set("floats", GgufValue.Of([1.5f, float.NaN]));
        writer.Set("integers", GgufValue.Of([-1, int.MaxValue]));
        writer.Set("nested", GgufValue.Of([GgufValue.Of([1, 2]), GgufValue.Of(["x"])]));
        writer.Set("flag", GgufValue.Of(true));
        writer.Set("large", GgufValue.Of(ulong.MaxValue));
        writer.Set("small", GgufValue.Of(-3));
        writer.Add("vector", [3], new[] { 1f, 2f, 3f });
        writer.Add("matrix", [2, 3], new[] { 1f, 2f, 3f, 4f, 5f, 6f });
        writer.Add("blocks", TensorType.Q8_0, [32, 2], stream => stream.Write(new byte[68]));
        var path = Path.Combine(_folder, "a.gguf");
        writer.Write(path);

        using var file = GgufFile.Open(path);
        Assert.Equal((3, (int?)alignment ?? 32), (file.Version, file.Alignment));
        Assert.Equal("grüße 😀", file.Metadata.GetString("text"));
        Assert.Equal(["a", "", "c\0d"], file.Metadata.GetStrings("strings"));
        Assert.Equal([1.5f, float.NaN], file.Metadata.FindSingles("floats")!);
        Assert.Equal([-1, int.MaxValue], file.Metadata.FindInt32s("integers")!);
        Assert.True(file.Metadata.TryGet("nested", out var nested));
        Assert.Equal(["x"], Assert.IsType<string[]>(Assert.IsType<GgufValue[]>(nested.Raw)[1].Raw));
        Assert.True(file.Metadata.FindBoolean("flag"));
        Assert.True(file.Metadata.TryGet("large", out var large) && large.Raw is ulong.MaxValue);
        Assert.Equal(-3, file.Metadata.GetInt32("small"));
        Assert.Equal([1f, 2f, 3f], file.GetVector("vector"));
        var matrix = file.GetMatrix("matrix");
        Assert.Equal((3, 2), (matrix.Rows, matrix.Columns));
        Assert.Equal([1f, 2f, 3f, 4f, 5f, 6f], file.GetFloats("matrix"));
        Assert.All(file.Tensors, t => Assert.Equal(0, t.Offset % file.Alignment));
        Assert.Equal(0, file.ByteLength % file.Alignment);
    }

    [Fact]
    public void RewritingAForeignFileKeepsEveryByteOfItsValues()
    {
        using var original = GgufFile.Open(SharedData.Reference("models", "wide-Q4_K_M.gguf"));
        var writer = new GgufWriter();
        foreach (var (key, value) in original.Metadata.Entries) writer.Set(key, value);
        foreach (var tensor in original.Tensors)
            writer.Add(tensor.Name, tensor.Type, tensor.Shape, stream => stream.Write(original.GetBytes(tensor.Name)));
        using var stream = new MemoryStream();
        writer.Write(stream);

        Assert.Equal(File.ReadAllBytes(SharedData.Reference("models", "wide-Q4_K_M.gguf")), stream.ToArray());
    }

    [Fact]
    public void AFailureLeavesTheOldFile()
    {
        var path = Path.Combine(_folder, "a.gguf");
        File.WriteAllText(path, "old");
        var writer = new GgufWriter();
        writer.Add("t", TensorType.F32, [2], stream => stream.Write(new byte[4]));

        Assert.Throws<InvalidOperationException>(() => writer.Write(path));
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void ImpossibleTensorsAreRefused()
    {
        var writer = new GgufWriter();
        writer.Add("t", [1], new[] { 1f });
        Assert.Throws<ArgumentException>(() => writer.Add("t", [1], new[] { 1f }));
        Assert.Throws<ArgumentException>(() => writer.Add("u", [2], new[] { 1f }));
        Assert.Throws<ArgumentException>(() => writer.Add("", [1], new[] { 1f }));
        Assert.Throws<ArgumentException>(() => writer.Add(new string('n', 64), [1], new[] { 1f }));
        Assert.Throws<ArgumentException>(() => writer.Add("v", TensorType.F32, [1, 1, 1, 1, 1], _ => { }));
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.Add("w", TensorType.Q8_0, [33], _ => { }));
        writer.Set("general.alignment", GgufValue.Of(3u));
        Assert.Throws<InvalidOperationException>(() => writer.Write(new MemoryStream()));
    }

    [Fact]
    public void TheDigestIsThatOfTheFile()
    {
        var path = SharedData.Reference("models", "llama.gguf");
        using var mapped = GgufFile.Open(path);
        using var copied = GgufFile.FromBytes(File.ReadAllBytes(path));
        var expected = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path)));
        Assert.Equal(expected, mapped.Digest);
        Assert.Equal(expected, copied.Digest);
        Assert.Equal(expected, ModelDigest.OfFile(path));
    }
}
