using System.Diagnostics;
using System.Globalization;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Bench;

/// <summary>
/// Prefill of 256 and decode of 64 tokens: <c>decode [--shapes 15m,110m] [--types Q8_0,Q4_0,Q4_K] [--threads 2] [--rounds 7]
/// [--clock wall|cpu] [--rank 8]</c>. A session with an adapter on q, k, v, o and one without take turns, token by token, so that other
/// load on the machine meets both; rates are those of the median time, the best in parentheses. The cpu clock counts processor seconds of
/// this process: with <c>--threads 1</c> it means something on a busy machine too.
/// </summary>
internal static class DecodeBench
{
    private const int PrefillTokens = 256, DecodeTokens = 64;

    public static int Run(string[] args)
    {
        var shapes = (Option(args, "--shapes") ?? "15m,110m").Split(',');
        var types = (Option(args, "--types") ?? "Q8_0,Q4_0,Q4_K").Split(',').Select(Enum.Parse<TensorType>).ToArray();
        var rounds = int.Parse(Option(args, "--rounds") ?? "7", CultureInfo.InvariantCulture);
        var rank = int.Parse(Option(args, "--rank") ?? "8", CultureInfo.InvariantCulture);
        var cpu = Option(args, "--clock") == "cpu";
        using var pool = new WorkerPool(int.Parse(Option(args, "--threads") ?? "2", CultureInfo.InvariantCulture));
        Console.WriteLine($"# {pool.Threads} threads, prefill {PrefillTokens}, decode {DecodeTokens}, {rounds} rounds; tokens a {(cpu ? "processor second" : "second")}, median (best)");
        Console.WriteLine($"{"model",-12} {"prefill",16} {"decode",16} {"decode + LoRA",16} {"LoRA cost",10} {"prefill + LoRA",16}");
        foreach (var shape in shapes)
            foreach (var type in types)
                Measure(shape, type, pool, rounds, rank, cpu);
        return 0;
    }

    /// <summary>An adapter on q, k, v and o whose B is not zero.</summary>
    internal static LoraAdapter Adapter(DecoderModel model, int seed, int rank = 8)
    {
        var adapter = LoraInitialization.Create(model, new LoraConfig { Rank = rank });
        var random = new Random(seed);
        foreach (var (_, _, pair) in adapter.Pairs())
            for (var i = 0; i < pair.B.Length; i++) pair.B[i] = 0.1f * ((float)random.NextDouble() - 0.5f);
        return adapter;
    }

    private static void Measure(string shape, TensorType type, WorkerPool pool, int rounds, int rank, bool cpu)
    {
        using var model = ModelLoader.Load(SyntheticModel.Create(SyntheticModel.Of(shape), type));
        using var plain = new DecoderSession(model, pool);
        using var adapted = new DecoderSession(model, pool, null, AdapterStack.Of(Adapter(model, 1, rank)));
        var times = new Times();
        Round(plain, adapted, new Times(), cpu);
        for (var i = 0; i < rounds; i++) Round(plain, adapted, times, cpu);
        var cost = 1 - Median(times.Decode) / Median(times.AdaptedDecode);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{shape + " " + type,-12} {Rate(times.Prefill, PrefillTokens),16} {Rate(times.Decode, 1),16} {Rate(times.AdaptedDecode, 1),16} {cost,10:P1} {Rate(times.AdaptedPrefill, PrefillTokens),16}"));
    }

    private static void Round(DecoderSession plain, DecoderSession adapted, Times times, bool cpu)
    {
        var ids = Enumerable.Range(0, PrefillTokens).Select(i => i * 7919 % 32_000).ToArray();
        times.Prefill.Add(Prefill(plain));
        times.AdaptedPrefill.Add(Prefill(adapted));
        for (var i = 0; i < DecodeTokens; i++)
        {
            times.Decode.Add(Decode(plain, i));
            times.AdaptedDecode.Add(Decode(adapted, i));
        }

        double Prefill(DecoderSession session)
        {
            session.Reset();
            session.Reserve(PrefillTokens + DecodeTokens);
            var start = Now(cpu);
            session.Prefill(ids);
            return Now(cpu) - start;
        }

        double Decode(DecoderSession session, int i)
        {
            var start = Now(cpu);
            session.Decode(i * 104_729 % 32_000);
            return Now(cpu) - start;
        }
    }

    private static double Now(bool cpu) => cpu ? Environment.CpuUsage.TotalTime.TotalSeconds : Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;

    private static string Rate(List<double> seconds, int tokens) =>
        string.Create(CultureInfo.InvariantCulture, $"{tokens / Median(seconds):F0} ({tokens / seconds.Min():F0})");

    private static double Median(List<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }

    private static string? Option(string[] args, string name)
    {
        var at = Array.IndexOf(args, name);
        return at >= 0 && at + 1 < args.Length ? args[at + 1] : null;
    }

    /// <summary>Seconds of every prefill and of every decoded token.</summary>
    private sealed class Times
    {
        public List<double> Prefill { get; } = [];

        public List<double> AdaptedPrefill { get; } = [];

        public List<double> Decode { get; } = [];

        public List<double> AdaptedDecode { get; } = [];
    }
}
