using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using PersonaTune.Privacy.Mechanisms;

namespace PersonaTune.Bench;

/// <summary>
/// Nanoseconds for each random byte, drawn value, transformed value and encoded value; the best of several rounds, one thread.
/// </summary>
internal static class NoiseBench
{
    private const int Values = 1 << 20;
    private const int Rounds = 7;
    private const double WarmMilliseconds = 400;

    public static int Run(string[] args)
    {
        using var source = new CryptographicNoiseSource();
        var what = args.Length > 1 ? args[1].Split(',') : ["source", "sampler", "transform", "encode"];
        if (what.Contains("source")) Sources(source);
        if (what.Contains("sampler")) Samplers(source);
        if (what.Contains("transform")) Transforms();
        if (what.Contains("encode")) Encoding(source);
        return 0;
    }

    private static void Sources(CryptographicNoiseSource source)
    {
        using var seeded = SeededNoiseSource.FromSeed(1);
        foreach (var chunk in new[] { 2048, 1 << 16, 1 << 20 })
        {
            var bytes = new byte[chunk];
            Report($"production source, {chunk} bytes a call, a byte", 8 << 20, () =>
            {
                for (var i = 0; i < 8 << 20; i += chunk) source.Fill(bytes);
            });
            Report($"AES-256-CTR through ECB, {chunk} bytes a call, a byte", 8 << 20, () =>
            {
                for (var i = 0; i < 8 << 20; i += chunk) seeded.Fill(bytes);
            });
            Report($"RandomNumberGenerator, {chunk} bytes a call, a byte", 8 << 20, () =>
            {
                for (var i = 0; i < 8 << 20; i += chunk) RandomNumberGenerator.Fill(bytes);
            });
        }
    }

    private static void Samplers(CryptographicNoiseSource source)
    {
        var values = new int[Values];
        foreach (var sigma in new[] { 0.5, 4, 40, 100, 1000, 1e4, 1e5 })
        {
            var made = Stopwatch.GetTimestamp();
            var noise = new DiscreteGaussianNoise(sigma);
            var milliseconds = Stopwatch.GetElapsedTime(made).TotalMilliseconds;
            Report($"discrete Gaussian, sigma {sigma} ({noise.Parts.Count} tables, made in {milliseconds:F1} ms)", Values, ()
                => noise.Fill(source, values));
        }

        foreach (var variance in new[] { 16, 1e4, 1e6, 1e10 })
        {
            var made = Stopwatch.GetTimestamp();
            var noise = new SkellamNoise(variance);
            var milliseconds = Stopwatch.GetElapsedTime(made).TotalMilliseconds;
            Report($"Skellam, variance {variance} (made in {milliseconds:F1} ms)", Values, () => noise.Fill(source, values));
        }

        foreach (var a in new[] { 1, 0.01, 1e-5 })
        {
            var noise = new DiscreteLaplaceNoise(a);
            Report($"discrete Laplace, a {a}", Values, () => noise.Fill(source, values));
        }

        var few = new int[2000];
        foreach (var sigma in new[] { 4.0, 1e5 })
            Report($"exact rejection, discrete Gaussian, sigma {sigma}", few.Length, ()
                => new ExactDiscreteGaussianNoise(sigma).Fill(source, few));
        var doubles = new double[Values];
        Report("continuous Gaussian", Values, () => new GaussianNoise(1).Fill(source, doubles));
    }

    private static void Transforms()
    {
        foreach (var bits in new[] { 12, 16, 20 })
        {
            var values = new float[1 << bits];
            var repeats = 1 << (20 - bits);
            Report($"Walsh-Hadamard, 2^{bits}, a value", Values, () =>
            {
                for (var i = 0; i < repeats; i++) WalshHadamard.Transform(values);
            });
        }

        var scalar = new float[Values];
        Report("Walsh-Hadamard, 2^20, scalar reference, a value", Values, () => WalshHadamard.Scalar(scalar));
    }

    private static void Encoding(CryptographicNoiseSource source)
    {
        var update = new float[1_000_000];
        new GaussianNoise(0.01).AddTo(source, update);
        var encoder = new UpdateEncoder(new UpdateEncodingOptions
        {
            Dimension = update.Length,
            ClipNorm = 1,
            Scale = 1 << 16,
            RotationSeed = new byte[32]
        });
        var encoded = encoder.Encode(update, source);
        Report("encode 1,000,000 values, a value", update.Length, () => encoder.Encode(update, source));
        Report("decode 1,000,000 values, a value", update.Length, () => encoder.Decode(encoded, 1));
        Report("clip 1,000,000 values, a value", update.Length, () => L2Clip.Clip((float[])update.Clone(), 1));
    }

    private static void Report(string what, int count, Action action)
    {
        // Long enough for the compiler to finish its second pass.
        for (var begin = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(begin).TotalMilliseconds < WarmMilliseconds;) action();
        var best = double.PositiveInfinity;
        for (var i = 0; i < Rounds; i++)
        {
            var start = Stopwatch.GetTimestamp();
            action();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalNanoseconds);
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what,-76} {best / count,10:F2} ns"));
    }
}
