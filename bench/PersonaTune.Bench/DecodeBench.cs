using System.Diagnostics;
using System.Globalization;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Bench;

/// <summary>
/// Prefill of 256 and decode of 64 tokens: <c>decode [--shapes 15m,110m] [--types Q8_0,Q4_0,Q4_K] [--threads 2] [--rounds 7] [--clock wall|cpu] [--rank 8]</c>. Rounds
/// with and without an adapter of that rank on q, k, v, o are interleaved, and the cost of the adapter is the median over the rounds of what the
/// pair of a round differs by, so that other load on the machine cancels out. Columns are medians, the best in parentheses. The cpu clock
/// counts processor seconds of this process: with <c>--threads 1</c> it is meaningful on a busy machine too.
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
        Round(plain, cpu);
        Round(adapted, cpu);
        var (without, with) = (new List<(double Prefill, double Decode)>(), new List<(double Prefill, double Decode)>());
        for (var i = 0; i < rounds; i++)
        {
            without.Add(Round(plain, cpu));
            with.Add(Round(adapted, cpu));
        }

        var cost = Median(without.Zip(with, (a, b) => 1 - b.Decode / a.Decode));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{shape + " " + type,-12} {Show(without.Select(r => r.Prefill)),16} {Show(without.Select(r => r.Decode)),16} {Show(with.Select(r => r.Decode)),16} {cost,10:P1} {Show(with.Select(r => r.Prefill)),16}"));
    }

    private static (double Prefill, double Decode) Round(DecoderSession session, bool cpu)
    {
        session.Reset();
        session.Reserve(PrefillTokens + DecodeTokens);
        var ids = Enumerable.Range(0, PrefillTokens).Select(i => i * 7919 % 32_000).ToArray();
        var start = Now(cpu);
        session.Prefill(ids);
        var prefill = PrefillTokens / (Now(cpu) - start);
        start = Now(cpu);
        for (var i = 0; i < DecodeTokens; i++) session.Decode(i * 104_729 % 32_000);
        return (prefill, DecodeTokens / (Now(cpu) - start));
    }

    private static double Now(bool cpu) => cpu ? Environment.CpuUsage.TotalTime.TotalSeconds : Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;

    private static string Show(IEnumerable<double> values) => string.Create(CultureInfo.InvariantCulture, $"{Median(values):F0} ({values.Max():F0})");

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }

    private static string? Option(string[] args, string name)
    {
        var at = Array.IndexOf(args, name);
        return at >= 0 && at + 1 < args.Length ? args[at + 1] : null;
    }
}
