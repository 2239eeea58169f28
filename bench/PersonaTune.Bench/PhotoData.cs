using System.Buffers.Binary;
using System.IO.Compression;
using PersonaTune.Device.Imaging;
using PersonaTune.Engine.Vision;

namespace PersonaTune.Bench;

/// <summary>The picture sets of the shared folder (<c>../shared</c> from the solution root, or PERSONATUNE_SHARED).</summary>
internal static class PhotoData
{
    public static string Shared { get; } = Environment.GetEnvironmentVariable("PERSONATUNE_SHARED") is { Length: > 0 } given ? given : Path.Combine(Root(), "..", "shared");

    public static string Model(string name) => name == "photo-base" ? Path.Combine(Root(), "models", "photo-base-q8_0.gguf")
        : Path.Combine(Shared, "models", "mobilenet", name == "small" ? "mobilenet_v1_0.25_128_quant.tflite" : "mobilenet_v1_1.0_224_quant_embedding_extractor.tflite");

    /// <summary>40 people, 10 pictures each.</summary>
    public static RgbImage[][] Faces()
    {
        using var zip = ZipFile.OpenRead(Path.Combine(Shared, "data", "images", "orl-faces.zip"));
        return [.. Enumerable.Range(1, 40).Select(person => Enumerable.Range(1, 10).Select(number =>
        {
            using var stream = zip.GetEntry($"s{person}/{number}.pgm")!.Open();
            using var memory = new MemoryStream();
            stream.CopyTo(memory);
            return ImageFile.Decode(memory.ToArray(), $"s{person}/{number}.pgm");
        }).ToArray())];
    }

    /// <summary>60,000 handwritten digits with their writers.</summary>
    public static (RgbImage Image, int Label, int Writer)[] Digits()
    {
        var (images, labels, writers) = (Read("train-images-idx3-ubyte.gz"), Read("train-labels-idx1-ubyte.gz"), Read("train-writers-idx1-ushort.gz"));
        var digits = new (RgbImage, int, int)[BinaryPrimitives.ReadInt32BigEndian(images.AsSpan(4))];
        for (var i = 0; i < digits.Length; i++)
        {
            var pixels = new byte[28 * 28 * 3];
            for (var k = 0; k < 28 * 28; k++) pixels[3 * k] = pixels[3 * k + 1] = pixels[3 * k + 2] = images[16 + i * 28 * 28 + k];
            digits[i] = (new RgbImage(28, 28, pixels), labels[8 + i], BinaryPrimitives.ReadUInt16BigEndian(writers.AsSpan(8 + 2 * i)));
        }

        return digits;
    }

    private static byte[] Read(string name)
    {
        using var stream = new GZipStream(File.OpenRead(Path.Combine(Shared, "data", "images", name)), CompressionMode.Decompress);
        using var memory = new MemoryStream();
        stream.CopyTo(memory);
        return memory.ToArray();
    }

    private static string Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "PersonaTune.sln"))) return folder.FullName;
        throw new DirectoryNotFoundException($"no PersonaTune.sln above '{AppContext.BaseDirectory}'");
    }
}
