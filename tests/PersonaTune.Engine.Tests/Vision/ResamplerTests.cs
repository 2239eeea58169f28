using System.IO.Compression;
using PersonaTune.Engine.Vision;

namespace PersonaTune.Engine.Tests.Vision;

/// <summary>Resampling against Pillow (<c>tests/reference/vision/make_resize.py</c>), whose filters Hugging Face's picture processors use.</summary>
public sealed class ResamplerTests
{
    [Fact]
    public void Sizes_and_filters_agree_with_the_peer()
    {
        var image = Ppm(SharedData.Reference("vision", "resize.ppm"));
        using var expected = new MemoryStream();
        using (var stream = new GZipStream(File.OpenRead(SharedData.Reference("vision", "resize.rgb.gz")), CompressionMode.Decompress)) stream.CopyTo(expected);
        var at = 0;
        foreach (var (width, height) in new[] { (32, 32), (17, 40), (128, 96) })
            foreach (var filter in Enum.GetValues<ResampleFilter>())
                Compare(Resampler.Resize(image, 0, 0, image.Width, image.Height, width, height, filter));
        Compare(Resampler.Resize(image, 5.5, 2.25, 44.75, 37.75, 24, 24, ResampleFilter.Bicubic));
        Assert.Equal(expected.Length, at);

        // The peer computes in fixed point with 8 bits between the passes.
        void Compare(byte[] actual)
        {
            var peer = expected.GetBuffer().AsSpan(at, actual.Length);
            var different = 0;
            for (var i = 0; i < actual.Length; i++)
            {
                Assert.InRange(Math.Abs(peer[i] - actual[i]), 0, 1);
                different += peer[i] == actual[i] ? 0 : 1;
            }

            Assert.InRange(different, 0, actual.Length / 100);
            at += actual.Length;
        }
    }

    [Fact]
    public void The_middle_is_cut_and_the_whole_is_stretched()
    {
        // Left third red, middle green, right blue.
        var pixels = new byte[30 * 10 * 3];
        for (var y = 0; y < 10; y++)
            for (var x = 0; x < 30; x++) pixels[(y * 30 + x) * 3 + x / 10] = 255;
        var image = new RgbImage(30, 10, pixels);
        var transform = new PhotoTransform(8, 0.9);
        Assert.Equal(Enumerable.Repeat(new byte[] { 0, 255, 0 }, 64).SelectMany(p => p), transform.Apply(image));
        var whole = transform.Apply(image, PhotoFraming.Whole);
        Assert.Equal(new byte[] { 255, 0, 0 }, whole[..3]);
        Assert.Equal(new byte[] { 0, 0, 255 }, whole[21..24]);
    }

    [Fact]
    public void A_picture_of_one_pixel_fills_any_size()
    {
        var image = new RgbImage(1, 1, [7, 8, 9]);
        foreach (var filter in Enum.GetValues<ResampleFilter>())
            Assert.Equal(Enumerable.Repeat(new byte[] { 7, 8, 9 }, 25).SelectMany(p => p), new PhotoTransform(5, 0.5, filter).Apply(image));
        Assert.Throws<ArgumentException>(() => new RgbImage(2, 2, new byte[11]));
    }

    private static RgbImage Ppm(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var header = System.Text.Encoding.ASCII.GetString(bytes, 0, 32).Split([' ', '\n'], 5);
        var (width, height) = (int.Parse(header[1], System.Globalization.CultureInfo.InvariantCulture), int.Parse(header[2], System.Globalization.CultureInfo.InvariantCulture));
        return new RgbImage(width, height, bytes[^(width * height * 3)..]);
    }
}
