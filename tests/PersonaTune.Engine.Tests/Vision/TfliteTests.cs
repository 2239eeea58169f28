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

    [Theory]
    [MemberData(nameof(SignedNetworks))]
    public void Small_int8_networks_equal_the_peers_bit_by_bit(string name)
    {
        using var pool = new WorkerPool(2);
        using var encoder = ConvolutionalEncoder.FromBytes(File.ReadAllBytes(SharedData.Reference("vision", name + ".tflite")), name);
        using var session = encoder.CreateSession(pool);
        // The classifier's int8 values begin at -128.
        Compare(name + ".u8", encoder.Transform.Side, 5, 1f / 256, session.Classify, name.Contains("wrapped", StringComparison.Ordinal) ? 0 : 128);
    }

    public static TheoryData<string> SignedNetworks => ["tiny-int8", "tiny-int8-tensor", "tiny-int8-wrapped"];

    [Fact]
    public void The_committed_networks_are_what_the_test_writes()
    {
        foreach (var (name, bytes) in Networks()) Assert.Equal(bytes, File.ReadAllBytes(SharedData.Reference("vision", name + ".tflite")));
    }

    private static (string Name, byte[] Bytes)[] Networks() =>
    [
        ("tiny", TinyTflite.Create()),
        ("tiny-int8", TinyTflite.CreateSigned(side: 13)),
        ("tiny-int8-tensor", TinyTflite.CreateSigned(seed: 6, channels: false)),
        ("tiny-int8-wrapped", TinyTflite.CreateSigned(seed: 7, side: 16, wrapped: true, mean: true)),
    ];

    [Fact]
    public void A_scale_for_each_channel_is_told_from_one_for_all()
    {
        using var channels = ConvolutionalEncoder.FromBytes(TinyTflite.CreateSigned());
        var weights = channels.Graph.Operators.Where(op => op.Weights >= 0).Select(op => (op.Kind, Tensor: channels.Graph.Tensors[op.Weights])).ToArray();
        Assert.All(weights, entry => Assert.Equal(entry.Kind == GraphOperatorKind.DepthwiseConvolution ? 3 : 0, entry.Tensor.ChannelDimension));
        Assert.All(weights, entry => Assert.Equal(entry.Tensor.Shape[entry.Tensor.ChannelDimension], entry.Tensor.ChannelScales.Distinct().Count()));
        using var one = ConvolutionalEncoder.FromBytes(TinyTflite.CreateSigned(channels: false));
        Assert.All(one.Graph.Tensors, tensor => Assert.Empty(tensor.ChannelScales));
        Assert.Equal(channels.Layers.Select(layer => (layer.Inputs, layer.Outputs)), one.Layers.Select(layer => (layer.Inputs, layer.Outputs)));
    }

    [Theory]
    [InlineData("scale", 0f, "the scale 0")]
    [InlineData("scale", -0.01f, "the scale -0.01")]
    [InlineData("scale", float.NaN, "the scale NaN")]
    [InlineData("scale", float.PositiveInfinity, "the scale")]
    [InlineData("scale", 1e29f, "a ratio of")]
    [InlineData("count", 0f, "scales; one, or one for each of the 6 places of dimension 0")]
    [InlineData("dimension", 4f, "scales for dimension 4, but its shape is [6, 3, 3, 3]")]
    [InlineData("dimension", -1f, "scales for dimension -1")]
    [InlineData("dimension", 1f, "6 scales; one, or one for each of the 3 places of dimension 1")]
    [InlineData("zero", 1f, "a zero point other than 0")]
    [InlineData("weights", 3f, "the weights 'tensor 1' of operator 0 are UInt8, its input is Int8")]
    [InlineData("activation", 1f, "zero point 128; -128 to 127 is expected")]
    public void Hostile_scales_are_refused_by_name(string what, float value, string message)
    {
        var error = Assert.Throws<FileFormatException>(() => ConvolutionalEncoder.FromBytes(TinyTflite.CreateHostile(what, value)).Dispose());
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Scales_for_another_dimension_than_the_outputs_are_refused()
    {
        // Three places of dimension 1 with three scales are a legal tensor, but no weights of six outputs.
        var error = Assert.Throws<FileFormatException>(() => ConvolutionalEncoder.FromBytes(TinyTflite.CreateHostile("other", 3)).Dispose());
        Assert.Contains("those of their outputs (dimension 0)", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    public void Threads_change_nothing(int threads)
    {
        using var one = new WorkerPool(1);
        using var many = new WorkerPool(threads);
        using var encoder = ConvolutionalEncoder.FromBytes(threads < 4 ? TinyTflite.Create(9, 33) : TinyTflite.CreateSigned(9, 33));
        using var expected = encoder.CreateSession(one);
        using var actual = encoder.CreateSession(many);
        var picture = Patterns.Picture(33, 1);
        Assert.Equal(expected.Embed(picture), actual.Embed(picture));
    }

    [Fact]
    public void Every_shortened_file_is_refused()
    {
        foreach (var bytes in new[] { TinyTflite.Create(), TinyTflite.CreateSigned(wrapped: true, mean: true) })
            for (var length = 0; length < bytes.Length - 16; length += 7)
                Assert.Throws<FileFormatException>(() => ConvolutionalEncoder.FromBytes(bytes.AsSpan(0, Math.Max(1, length)), "short").Dispose());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_changed_file_opens_or_is_refused_but_never_fails_otherwise(bool signed)
    {
        var original = signed ? TinyTflite.CreateSigned(wrapped: true, mean: true) : TinyTflite.Create();
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

    private static void Compare(string name, int side, int outputs, float scale, Compute compute, int offset = 0)
    {
        var expected = File.ReadAllBytes(SharedData.Reference("vision", name));
        Assert.Equal(Patterns.Count * outputs, expected.Length);
        for (var pattern = 0; pattern < Patterns.Count; pattern++)
            Assert.Equal(expected.AsSpan(pattern * outputs, outputs).ToArray(), Array.ConvertAll(compute(Patterns.Picture(side, pattern)), value => (byte)(MathF.Round(value / scale) - offset)));
    }
}
