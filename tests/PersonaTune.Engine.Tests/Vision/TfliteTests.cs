using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Vision;
using PersonaTune.Engine.Vision.Convolutional;

namespace PersonaTune.Engine.Tests.Vision;

/// <summary>
/// TensorFlow Lite files. Expected outputs are those of TensorFlow Lite itself (its WebAssembly build, XNNPACK delegate), made by
/// <c>tests/reference/vision/peer.mjs</c>.
/// </summary>
public sealed class TfliteTests
{
    private const string Small = "models/mobilenet/mobilenet_v1_0.25_128_quant.tflite";
    private const string Large = "models/mobilenet/mobilenet_v1_1.0_224_quant_embedding_extractor.tflite";

    [SharedFact(Small)]
    public void Probabilities_equal_the_peers_bit_by_bit()
    {
        using var pool = new WorkerPool(2);
        using var encoder = PhotoEncoder.Open(SharedData.Shared(Small.Split('/')));
        Assert.Equal((1001, 256, 128), (encoder.ClassCount, encoder.EmbeddingLength, encoder.Transform.Side));
        using var session = encoder.CreateSession(pool);
        Compare("mobilenet-128.u8", 128, 1001, 1f / 256, session.Classify);
    }

    [SharedFact(Large)]
    public void Embeddings_equal_the_peers_bit_by_bit()
    {
        using var pool = new WorkerPool(2);
        using var encoder = PhotoEncoder.Open(SharedData.Shared(Large.Split('/')));
        Assert.Equal((0, 1024, 224), (encoder.ClassCount, encoder.EmbeddingLength, encoder.Transform.Side));
        using var session = encoder.CreateSession(pool);
        var graph = ((ConvolutionalEncoder)encoder).Graph;
        Compare("mobilenet-224.u8", 224, 1024, graph.Tensors[graph.Output].Scale, session.Embed);
    }

    [Fact]
    public void A_small_network_with_every_operator_equals_the_peers_bit_by_bit()
    {
        using var pool = new WorkerPool(2);
        using var encoder = ConvolutionalEncoder.FromBytes(File.ReadAllBytes(SharedData.Reference("vision", "tiny.tflite")), "tiny.tflite");
        using var session = encoder.CreateSession(pool);
        Compare("tiny.u8", 12, 5, 1f / 256, session.Classify);
    }

    [Fact]
    public void The_committed_network_is_what_the_test_writes() =>
        Assert.Equal(TinyTflite.Create(), File.ReadAllBytes(SharedData.Reference("vision", "tiny.tflite")));

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Threads_change_nothing(int threads)
    {
        using var one = new WorkerPool(1);
        using var many = new WorkerPool(threads);
        using var encoder = ConvolutionalEncoder.FromBytes(TinyTflite.Create(9, 33));
        using var expected = encoder.CreateSession(one);
        using var actual = encoder.CreateSession(many);
        var picture = Patterns.Picture(33, 1);
        Assert.Equal(expected.Embed(picture), actual.Embed(picture));
    }

    [Fact]
    public void Every_shortened_file_is_refused()
    {
        var bytes = TinyTflite.Create();
        for (var length = 0; length < bytes.Length - 16; length += 7)
            Assert.Throws<FileFormatException>(() => ConvolutionalEncoder.FromBytes(bytes.AsSpan(0, Math.Max(1, length)), "short").Dispose());
    }

    [Fact]
    public void A_changed_file_opens_or_is_refused_but_never_fails_otherwise()
    {
        var original = TinyTflite.Create();
        var random = new Random(11);
        var opened = 0;
        for (var round = 0; round < 4000; round++)
        {
            var bytes = (byte[])original.Clone();
            for (var changes = random.Next(1, 4); changes > 0; changes--)
            {
                var at = random.Next(bytes.Length);
                bytes[at] = random.Next(3) switch { 0 => 0xFF, 1 => (byte)(bytes[at] ^ (1 << random.Next(8))), _ => (byte)random.Next(256) };
            }

            try
            {
                using var encoder = ConvolutionalEncoder.FromBytes(bytes);
                opened++;
            }
            catch (FileFormatException)
            {
                // The other permitted outcome.
            }
        }

        Assert.InRange(opened, 1, 3999);
    }

    [Fact]
    public void Other_files_are_named_for_what_they_are()
    {
        var error = Assert.Throws<FileFormatException>(() => ConvolutionalEncoder.FromBytes("GGUF0000TFL2...."u8, "x.tflite"));
        Assert.Contains("TFL3", error.Message, StringComparison.Ordinal);
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        File.WriteAllBytes(path, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
        Assert.Contains("no picture encoder", Assert.Throws<FileFormatException>(() => PhotoEncoder.Open(path)).Message, StringComparison.Ordinal);
        File.Delete(path);
    }

    private delegate float[] Compute(ReadOnlySpan<byte> picture);

    private static void Compare(string name, int side, int outputs, float scale, Compute compute)
    {
        var expected = File.ReadAllBytes(SharedData.Reference("vision", name));
        Assert.Equal(Patterns.Count * outputs, expected.Length);
        for (var pattern = 0; pattern < Patterns.Count; pattern++)
            Assert.Equal(expected.AsSpan(pattern * outputs, outputs).ToArray(), Array.ConvertAll(compute(Patterns.Picture(side, pattern)), value => (byte)MathF.Round(value / scale)));
    }
}
