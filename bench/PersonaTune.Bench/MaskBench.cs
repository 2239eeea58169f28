using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using PersonaTune.Privacy.SecureAggregation;

namespace PersonaTune.Bench;

/// <summary>
/// The primitives of secure aggregation: <c>masks [--words 1048576] [--keys 34] [--threads 2]</c>. Masks in GB of keystream a second,
/// packing in GB of unpacked words a second, the rest in microseconds an operation.
/// </summary>
internal static class MaskBench
{
    public static int Run(string[] args)
    {
        var words = Option(args, "--words", 1 << 20);
        var keyCount = Option(args, "--keys", 34);
        var threads = Option(args, "--threads", 2);
        Console.WriteLine($"# {words} words, {keyCount} keys; median (best)");
        Masks(words, keyCount, threads);
        Packing(words);
        Sharing();
        Agreement();
        return 0;
    }

    private static void Masks(int words, int keyCount, int threads)
    {
        var vector = new uint[words];
        var keys = RandomNumberGenerator.GetBytes(32 * keyCount);
        var signs = Enumerable.Range(0, keyCount).Select(i => (sbyte)(i % 2 == 0 ? 1 : -1)).ToArray();
        foreach (var path in Enum.GetValues<MaskPath>())
        {
            if (!MaskStream.IsSupported(path)) continue;
            var chunk = new uint[16 * 1024];
            Rate($"{path}, one key, 64 KiB", 4.0 * chunk.Length, () => MaskStream.Apply(path, keys.AsSpan(0, 32), false, chunk, 0));
            Rate($"{path}, one key, {4.0 * words / (1 << 20):F0} MiB", 4.0 * words, () => MaskStream.Apply(path, keys.AsSpan(0, 32), false, vector, 0));
            Rate($"{path}, {keyCount} keys, 1 thread", 4.0 * words * keyCount, () => MaskStream.ApplyMany(path, keys, signs, vector, 0, 1));
            if (threads > 1)
                Rate($"{path}, {keyCount} keys, {threads} threads", 4.0 * words * keyCount, () => MaskStream.ApplyMany(path, keys, signs, vector, 0, threads));
        }
    }

    private static void Packing(int words)
    {
        var vector = RandomWords(words);
        foreach (var bits in (int[])[16, 20, 24, 32])
        {
            var packed = new byte[BitPacking.PackedLength(words, bits)];
            Rate($"pack to {bits} bits", 4.0 * words, () => BitPacking.Pack(vector, bits, packed));
            Rate($"unpack from {bits} bits", 4.0 * words, () => BitPacking.Unpack(packed, bits, vector));
        }
    }

    // n = 1000 of the specification's table: 88 neighbours, threshold 36.
    private static void Sharing()
    {
        const int Count = 88, Threshold = 36;
        var secret = RandomNumberGenerator.GetBytes(32);
        var shares = ShamirSharing.Split(secret, Threshold, Count);
        var combiner = new ShamirCombiner();
        Time($"split 32 bytes, {Threshold} of {Count}", 20, () => ShamirSharing.Split(secret, Threshold, Count));
        Time($"combine {Threshold} shares, new positions", 100, () => ShamirSharing.Combine(shares, Threshold, 32));
        Time($"combine {Threshold} shares, known positions", 1000, () => combiner.Combine(shares, Threshold, 32));
        shares[5] = new KeyShare(6, [1, 2, 3, 4, 5]);
        Time($"correct one false of {Count} shares", 1, () => RobustShamir.Combine(shares, Threshold, 32, out _));
    }

    private static void Agreement()
    {
        using var mine = EphemeralKey.Generate();
        using var peer = EphemeralKey.Generate();
        var publicKey = peer.PublicKey.ToArray();
        byte[] sid = new byte[32], low = new byte[16], high = [1, .. new byte[15]];
        var scalar = mine.Scalar.ToArray();
        Time("validate a public key", 200, () => P256Point.Validate(publicKey));
        Time("agree (validate, import, multiply)", 20, () => mine.Agree(publicKey));
        Time("mask key (agree, HKDF)", 20, () => PairwiseKeys.MaskKey(mine, publicKey, sid, low, high).Dispose());
        Time("generate a key pair", 20, () => EphemeralKey.Generate().Dispose());
        Time("match a scalar with its public key", 20, () => EphemeralKey.Matches(scalar, mine.PublicKey));
        Time("graph of 10,000 devices", 1, () => _ = new NeighbourGraph(sid, 10_000, 108));
        Time("parameters for 10,000 devices", 1, () => GraphParameters.For(10_000, 0.1, 0.3));
    }

    private static void Rate(string name, double bytes, Action action) => KernelBench.Report(name, bytes, "GB/s", action);

    private static void Time(string name, int repeats, Action action)
    {
        for (var i = 0; i < 3 * repeats; i++) action();
        var times = new List<double>();
        var total = Stopwatch.StartNew();
        while (times.Count < 7 || total.Elapsed.TotalSeconds < 0.3)
        {
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < repeats; i++) action();
            times.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds / repeats);
        }

        times.Sort();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-52} {times[times.Count / 2],8:F1} ({times[0]:F1}) us"));
    }

    private static uint[] RandomWords(int count)
    {
        var words = new uint[count];
        MaskStream.Add(new byte[32], words);
        return words;
    }

    private static int Option(string[] args, string name, int otherwise)
    {
        var at = Array.IndexOf(args, name);
        return at >= 0 && at + 1 < args.Length ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : otherwise;
    }
}
