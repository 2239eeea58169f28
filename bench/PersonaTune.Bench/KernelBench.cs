using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Bench;

/// <summary>
/// Micro-benchmarks of the matrix products: <c>kernels [--threads n] [--types Q8_0,Q4_0] [--what f32,int8,decode,lora] [--tokens 256] [--processor-time]</c>.
/// Prints the median and, because other work on the machine only ever slows a run down, the best. With <c>--processor-time</c> (Linux,
/// one thread) the thread's own processor time is measured instead of the wall clock, which makes figures on a busy machine usable.
/// </summary>
internal static partial class KernelBench
{
    private static readonly TensorType[] AllTypes =
    [
        TensorType.F32, TensorType.F16, TensorType.BF16, TensorType.Q8_0, TensorType.Q4_0, TensorType.Q4_1,
        TensorType.Q5_0, TensorType.Q5_1, TensorType.Q4_K, TensorType.Q5_K, TensorType.Q6_K,
    ];

    private static readonly (string Name, int Rows, int Columns)[] Shapes =
    [
        ("15M attn", 288, 288), ("15M up", 768, 288), ("15M down", 288, 768),
        ("110M attn", 768, 768), ("110M up", 2048, 768), ("110M down", 768, 2048),
    ];

    private static bool _processorTime;

    public static int Run(string[] args)
    {
        _processorTime = args.Contains("--processor-time");
        var threads = int.Parse(Option(args, "--threads") ?? "2", CultureInfo.InvariantCulture);
        var tokens = int.Parse(Option(args, "--tokens") ?? "256", CultureInfo.InvariantCulture);
        var what = (Option(args, "--what") ?? "peak,f32,int8,decode,lora").Split(',');
        var types = Option(args, "--types") is { } list ? [.. list.Split(',').Select(Enum.Parse<TensorType>)] : AllTypes;
        using var pool = new WorkerPool(threads);
        Console.WriteLine($"# {threads} threads, {tokens} tokens; median (best)");
        if (what.Contains("peak")) MachinePeak.Print(pool);
        if (what.Contains("f32")) Products(pool, types, tokens, "f32");
        if (what.Contains("int8")) Products(pool, types, tokens, "int8");
        if (what.Contains("decode")) Decode(pool, types);
        if (what.Contains("lora")) Lora(pool, tokens);
        return 0;
    }

    private static void Products(WorkerPool pool, TensorType[] types, int tokens, string what)
    {
        foreach (var type in types)
        {
            if (what == "int8" && !MatMul.UsesInt8(type)) continue;
            foreach (var (name, rows, columns) in Shapes)
            {
                if (columns % type.BlockSize() != 0) continue;
                var w = RandomWeights.Create(type, rows, columns);
                var x = RandomWeights.Floats(tokens * columns);
                var y = RandomWeights.Floats(tokens * rows);
                var flops = 2.0 * tokens * rows * columns;
                if (what == "int8")
                {
                    var rounded = new QuantizedActivations();
                    rounded.Quantize(pool, x, tokens, columns);
                    Report($"int8 forward {type} {name} ({rows}, {columns})", flops, "GOP/s", () => MatMul.ForwardInt8(pool, x, rounded, w, y));
                    continue;
                }

                Report($"f32 forward {type} {name} ({rows}, {columns})", flops, "GFLOP/s", () => MatMul.Forward(pool, x, w, y, tokens));
                Report($"f32 backward {type} {name} ({rows}, {columns})", flops, "GFLOP/s", () => MatMul.BackwardInput(pool, y, w, x, tokens));
            }
        }
    }

    /// <summary>All matrices of the 110 M shape once, as one generated token reads them: more than any cache holds.</summary>
    private static void Decode(WorkerPool pool, TensorType[] types)
    {
        foreach (var type in types)
        {
            var layers = Enumerable.Range(0, 12).Select(_ => new[]
            {
                RandomWeights.Create(type, 768, 768), RandomWeights.Create(type, 768, 768), RandomWeights.Create(type, 768, 768),
                RandomWeights.Create(type, 768, 768), RandomWeights.Create(type, 2048, 768), RandomWeights.Create(type, 2048, 768),
                RandomWeights.Create(type, 768, 2048),
            }).ToArray();
            var head = RandomWeights.Create(type, 32000, 768);
            var bytes = layers.Sum(layer => layer.Sum(w => (double)w.ByteLength)) + head.ByteLength;
            foreach (var tokens in (int[])[1, 4])
            {
                var x = RandomWeights.Floats(2048 * tokens);
                var y = RandomWeights.Floats(32000 * tokens);
                var median = Report($"decode {type} 110M, {tokens} at once, {bytes / 1e6:F0} MB", bytes, "GB/s", () =>
                {
                    foreach (var layer in layers)
                        foreach (var w in layer) MatMul.ForwardInt8(pool, x, w, y, tokens);
                    MatMul.ForwardInt8(pool, x, head, y, tokens);
                });
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"    = {tokens / median:F0} tokens/s"));
            }
        }
    }

    private static void Lora(WorkerPool pool, int tokens)
    {
        foreach (var rank in (int[])[8, 16])
        {
            foreach (var width in (int[])[288, 768])
            {
                var x = RandomWeights.Floats(tokens * width);
                var a = RandomWeights.Floats(rank * width);
                var u = RandomWeights.Floats(tokens * rank);
                var flops = 2.0 * tokens * rank * width;
                Report($"lora u = x A' rank {rank} width {width}", flops, "GFLOP/s", () => Gemm.NT(pool, x, a, u, tokens, rank, width));
                Report($"lora y += u B' rank {rank} width {width}", flops, "GFLOP/s", () => Gemm.NT(pool, u, a, x, tokens, width, rank, accumulate: true));
                Report($"lora du = dy B rank {rank} width {width}", flops, "GFLOP/s", () => Gemm.NN(pool, x, a, u, tokens, rank, width));
                Report($"lora dx += du A rank {rank} width {width}", flops, "GFLOP/s", () => Gemm.NN(pool, u, a, x, tokens, width, rank, accumulate: true));
                Report($"lora dA = du' x rank {rank} width {width}", flops, "GFLOP/s", () => Gemm.TN(pool, u, x, a, rank, width, tokens));
                Report($"lora dB = dy' u rank {rank} width {width}", flops, "GFLOP/s", () => Gemm.TN(pool, x, u, a, width, rank, tokens));
            }
        }

        foreach (var head in (int[])[48, 64])
        {
            var q = RandomWeights.Floats(tokens * head);
            var k = RandomWeights.Floats(tokens * head);
            var s = RandomWeights.Floats(tokens * tokens);
            var flops = 2.0 * tokens * tokens * head;
            Report($"attention s = q k' head {head}, one thread", flops, "GFLOP/s", () => Gemm.NT(q, k, s, tokens, tokens, head));
            Report($"attention o = s v head {head}, one thread", flops, "GFLOP/s", () => Gemm.NN(s, k, q, tokens, head, tokens));
        }
    }

    /// <summary>Repeats an action for about half a second; prints work per second in units of 1e9 and returns the median seconds.</summary>
    internal static double Report(string name, double work, string unit, Action action)
    {
        for (var i = 0; i < 3; i++) action();
        var seconds = new List<double>();
        var total = Stopwatch.StartNew();
        while (seconds.Count < 7 || total.Elapsed.TotalSeconds < 0.3)
        {
            var start = Now();
            action();
            seconds.Add(Now() - start);
        }

        seconds.Sort();
        var median = seconds[seconds.Count / 2];
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-52} {work / median / 1e9,8:F1} ({work / seconds[0] / 1e9:F1}) {unit}"));
        return median;
    }

    private static double Now()
    {
        if (!_processorTime) return Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;
        const int ThreadProcessorTime = 3;
        if (ReadClock(ThreadProcessorTime, out var time) != 0) throw new PlatformNotSupportedException("--processor-time needs Linux");
        return time.Seconds + time.Nanoseconds * 1e-9;
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int ReadClock(int clock, out Time time);

    private struct Time
    {
        public long Seconds;
        public long Nanoseconds;
    }

    private static string? Option(string[] args, string name)
    {
        var at = Array.IndexOf(args, name);
        return at >= 0 && at + 1 < args.Length ? args[at + 1] : null;
    }
}
