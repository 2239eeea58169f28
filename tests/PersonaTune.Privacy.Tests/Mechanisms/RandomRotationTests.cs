using System.Security.Cryptography;
using FsCheck;
using FsCheck.Fluent;
using PersonaTune.Privacy.Mechanisms;

namespace PersonaTune.Privacy.Tests.Mechanisms;

public class RandomRotationTests
{
    private static readonly byte[] Seed = SHA256.HashData("rotation"u8);

    // The definition: H(i, j) = (-1)^popcount(i & j). Integers, so float is exact.
    [Fact]
    public void The_transform_is_the_matrix_of_its_definition()
    {
        for (var n = 1; n <= 256; n *= 2)
        {
            var x = Enumerable.Range(0, n).Select(i => (float)((i * 37 % 101) - 50)).ToArray();
            var expected = Enumerable.Range(0, n).Select(i
                => Enumerable.Range(0, n).Sum(j => (int.PopCount(i & j) & 1) == 0 ? x[j] : -x[j])).ToArray();
            WalshHadamard.Transform(x);
            Assert.Equal(expected, x);
        }
    }

    [Fact]
    public void Vector_and_scalar_paths_give_the_same_bits()
    {
        for (var n = 1; n <= 1 << 17; n *= 2)
        {
            var vector = L2ClipTests.Normal(n, n, 1);
            var scalar = (float[])vector.Clone();
            WalshHadamard.Transform(vector);
            WalshHadamard.Scalar(scalar);
            Assert.True(vector.AsSpan().SequenceEqual(scalar), $"length {n}");
        }
    }

    [Fact]
    public void A_rotation_is_an_isometry_and_inverts()
    {
        var property = Prop.ForAll(Gen.Choose(1, 3000).ToArbitrary(), Gen.Choose(0, int.MaxValue).ToArbitrary(), (dimension, seed) =>
        {
            var rotation = new RandomRotation(SHA256.HashData(BitConverter.GetBytes(seed)), dimension);
            var values = new float[rotation.PaddedDimension];
            L2ClipTests.Normal(dimension, seed, 1).CopyTo(values, 0);
            var original = (float[])values.Clone();
            var norm = L2Clip.Norm(values);
            rotation.ApplyUnnormalized(values);
            var rotated = L2Clip.Norm(values) / Math.Sqrt(values.Length);
            rotation.InvertUnnormalized(values);
            var worst = values.Zip(original, (a, b) => Math.Abs((a / values.Length) - b)).Max();
            return Math.Abs((rotated / norm) - 1) < 1e-6 && worst < 1e-5;
        });
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(100), property);
    }

    // A single spike becomes +-1 everywhere: signs are bits of AES-256-CTR under the seed.
    [Fact]
    public void Signs_are_the_bits_of_the_seed()
    {
        foreach (var dimension in new[] { 3, 8, 100 })
        {
            var rotation = new RandomRotation(Seed, dimension);
            var bits = new byte[16];
            using var source = new SeededNoiseSource(Seed);
            source.Fill(bits);
            for (var i = 0; i < dimension; i++)
            {
                var spike = new float[rotation.PaddedDimension];
                spike[i] = 1;
                rotation.ApplyUnnormalized(spike);
                Assert.Equal(((bits[i / 8] >> (i % 8)) & 1) == 0 ? 1 : -1, spike[0]);
            }
        }
    }

    [Fact]
    public void Wrong_sizes_are_refused()
    {
        Assert.Throws<ArgumentException>(() => WalshHadamard.Transform(new float[3]));
        Assert.Throws<ArgumentException>(() => WalshHadamard.Transform([]));
        Assert.Throws<ArgumentException>(() => new RandomRotation(new byte[31], 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RandomRotation(Seed, 0));
        Assert.Throws<ArgumentException>(() => new RandomRotation(Seed, 5).ApplyUnnormalized(new float[5]));
        Assert.Throws<ArgumentException>(() => new RandomRotation(Seed, 5).InvertUnnormalized(new float[16]));
    }
}
