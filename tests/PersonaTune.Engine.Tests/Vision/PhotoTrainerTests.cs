using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Tests.Kernels;
using PersonaTune.Engine.Vision;
using PersonaTune.Engine.Vision.Convolutional;

namespace PersonaTune.Engine.Tests.Vision;

/// <summary>Learning labels: the head's mathematics, exactness, and bad input.</summary>
public sealed class PhotoTrainerTests : IDisposable
{
    private readonly WorkerPool _pool = new(2);
    private readonly PhotoEncoder _encoder = PhotoEncoder.Open(SharedData.Reference("vision", "photo-base-f16.gguf"));

    [Theory]
    [InlineData(5, 12)]
    [InlineData(30, 12)]
    [InlineData(12, 12)]
    public void Shrunken_covariance_solves_its_equation_on_both_sides(int n, int dim)
    {
        var residuals = Numbers.Normal(n, n * dim);
        var y = Numbers.Normal(2, 3 * dim);
        var x = new ShrunkenCovariance(residuals, n, dim, 0.7).Solve(y, 3);
        var trace = residuals.Sum(value => (double)value * value) / n;
        var back = new double[3 * dim];
        for (var row = 0; row < 3; row++)
            for (var i = 0; i < dim; i++)
            {
                back[row * dim + i] = 0.7 * trace / dim * x[row * dim + i];
                for (var k = 0; k < dim; k++)
                    for (var r = 0; r < n; r++) back[row * dim + i] += (double)residuals[r * dim + i] * residuals[r * dim + k] * x[row * dim + k] / n;
            }

        Assert.True(Numbers.RelativeError(y, back) < 1e-4);
    }

    [Fact]
    public void A_logistic_curve_lies_between_its_groups_and_is_finite_for_separable_ones()
    {
        var (threshold, slope) = Logistic.Fit([0.8, 0.9, 0.85, 0.95], [0.1, 0.2, 0.15, 0.3]);
        Assert.InRange(threshold, 0.35, 0.75);
        Assert.InRange(slope, 1, 200);
        var (mixed, weak) = Logistic.Fit([0.4, 0.5, 0.6, 0.7], [0.35, 0.5, 0.55, 0.6]);
        Assert.True(weak < slope);
        Assert.InRange(mixed, 0, 1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_gradient_of_a_feature_equals_finite_differences(bool root)
    {
        var embedding = Numbers.Normal(1, 9).Select(value => root ? MathF.Abs(value) + 0.2f : value).ToArray();
        var (centre, dz) = (Numbers.Normal(2, 9, 0.1f), Numbers.Normal(3, 9));
        var expected = Numbers.Gradient(embedding, () => Numbers.Dot(PhotoFeatures.Centre(PhotoFeatures.Direction(embedding, root), centre), dz), 1e-3f);
        var actual = new float[9];
        PhotoFeatures.Backward(embedding, root, centre, dz, actual);
        Assert.True(Numbers.RelativeError(actual, expected) < 5e-3);
    }

    [Fact]
    public void Training_lowers_the_loss_and_repeats_bit_by_bit()
    {
        var examples = Examples(3, 4);
        var options = new PhotoTrainingOptions { Epochs = 8, Views = 1, BatchSize = 4 };
        var first = PhotoTrainer.Train(_encoder, _pool, examples, 3, options);
        Assert.True(first.Losses[^1] < first.Losses[0], string.Join(' ', first.Losses));
        Assert.Equal(8, first.Adapter!.Pairs().Count());
        using var other = new WorkerPool(3);
        var second = PhotoTrainer.Train(_encoder, other, examples, 3, options);
        Assert.Equal(PhotoModelFile.Write(first, _encoder.Digest), PhotoModelFile.Write(second, _encoder.Digest));
        var reseeded = PhotoTrainer.Train(_encoder, _pool, examples, 3, options with { Seed = new string('7', 64) });
        Assert.NotEqual(PhotoModelFile.Write(first, _encoder.Digest), PhotoModelFile.Write(reseeded, _encoder.Digest));

        using var session = _encoder.CreateSession(_pool, first.Adapter);
        Assert.InRange(Examples(3, 12).Skip(12).Count(example => example.Label == first.Head.Score(session.Embed(example.Pixels)).Best), 16, 24);
    }

    [Fact]
    public void Little_memory_changes_only_the_last_bits()
    {
        var examples = Examples(2, 3);
        var options = new PhotoTrainingOptions { Epochs = 2, Views = 2 };
        var large = PhotoTrainer.Train(_encoder, _pool, examples, 2, options);
        var small = PhotoTrainer.Train(_encoder, _pool, examples, 2, options with { MemoryBytes = 1 << 20 });
        foreach (var (block, target, pair) in large.Adapter!.Pairs())
            Assert.True(Numbers.RelativeError(small.Adapter![block, target]!.A, pair.A) < 1e-4);
    }

    [Fact]
    public void A_convolutional_network_learns_too_and_continues_from_pairs()
    {
        using var encoder = ConvolutionalEncoder.FromBytes(TinyTflite.Create(seed: 3, side: 16));
        var examples = Enumerable.Range(0, 12).Select(i => new PhotoExample(Shade(16, i % 3, i), i % 3)).ToArray();
        var options = new PhotoTrainingOptions { Epochs = 5, Rank = 2, Views = 2, LearningRate = 1e-2f };
        var first = PhotoTrainer.Train(encoder, _pool, examples, 3, options);
        Assert.True(first.Losses[^1] < first.Losses[0]);
        Assert.All(first.Adapter!.Pairs(), entry => Assert.Equal(LoraTarget.Pointwise, entry.Target));
        var more = PhotoTrainer.Train(encoder, _pool, examples, 3, options, first.Adapter);
        Assert.True(more.Losses[0] < first.Losses[0]);
        var (read, _) = PhotoModelFile.Read(PhotoModelFile.Write(first, encoder.Digest), encoder);
        Assert.Equal(PhotoModelFile.Write(first, encoder.Digest), PhotoModelFile.Write(read, encoder.Digest));
        Assert.Throws<AdapterMismatchException>(() => PhotoTrainer.Train(_encoder, _pool, Examples(2, 1), 2, null, first.Adapter));
    }

    [Fact]
    public void Probabilities_add_up_and_a_stranger_is_unknown()
    {
        var result = PhotoTrainer.Train(_encoder, _pool, Examples(3, 5, clear: true), 3, new PhotoTrainingOptions { Layers = 0 });
        Assert.Null(result.Adapter);
        using var session = _encoder.CreateSession(_pool);
        var scores = result.Head.Score(session.Embed(Examples(3, 6, clear: true)[^1].Pixels));
        Assert.Equal(1, scores.Probabilities.Sum() + scores.Unknown, 1e-5f);
        Assert.Equal(2, scores.Best);
        Assert.False(scores.IsUnknown);
        Assert.True(result.Head.Score(session.Embed(Patterns.Picture(32, 2))).Unknown > scores.Unknown);
    }

    [Fact]
    public void Bad_input_is_named()
    {
        ArgumentException Fails(IReadOnlyList<PhotoExample> examples, int labels, PhotoTrainingOptions? options = null) =>
            Assert.Throws<ArgumentException>(() => PhotoTrainer.Train(_encoder, _pool, examples, labels, options));
        Assert.Contains("label 1 has no picture", Fails(Examples(1, 2), 2).Message, StringComparison.Ordinal);
        Assert.Contains("label 2 of 2", Fails(Examples(3, 1), 2).Message, StringComparison.Ordinal);
        Assert.Contains("at least one label", Fails([], 0).Message, StringComparison.Ordinal);
        Assert.Contains("bytes", Fails([new PhotoExample(new byte[5], 0)], 1).Message, StringComparison.Ordinal);
        foreach (var options in new PhotoTrainingOptions[] { new() { Rank = 0 }, new() { Epochs = -1 }, new() { Views = 7 }, new() { LearningRate = float.NaN }, new() { Seed = "x" }, new() { Shrinkage = 0 }, new() { MemoryBytes = 1 } })
            Fails(Examples(1, 1), 1, options);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => PhotoTrainer.Train(_encoder, _pool, Examples(2, 2), 2, cancellationToken: cancelled.Token));
    }

    public void Dispose()
    {
        _encoder.Dispose();
        _pool.Dispose();
    }

    // Pictures of three kinds, each a little different: shades of a colour with stripes, clear ones or ones that are mostly noise.
    private static PhotoExample[] Examples(int labels, int each, bool clear = false) =>
        [.. Enumerable.Range(0, each).SelectMany(i => Enumerable.Range(0, labels).Select(label => new PhotoExample(Shade(32, label, 10 * label + i, clear), label)))];

    private static byte[] Shade(int side, int kind, int seed, bool clear = false)
    {
        var (contrast, noise) = clear ? (80, 20) : (20, 80);
        var random = new Random(seed);
        var pixels = new byte[side * side * 3];
        var shift = random.Next(4);
        for (var y = 0; y < side; y++)
            for (var x = 0; x < side; x++)
                for (var c = 0; c < 3; c++)
                    pixels[(y * side + x) * 3 + c] = (byte)Math.Clamp((c == kind ? 100 + contrast : 100) + ((kind == 0 ? x : kind == 1 ? y : x + y) + shift) / 4 % 2 * contrast / 2 + random.Next(-noise, noise + 1), 0, 255);
        return pixels;
    }
}
