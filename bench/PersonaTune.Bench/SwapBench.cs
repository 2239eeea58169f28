using System.Diagnostics;
using System.Globalization;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Bench;

/// <summary>
/// Latency of 1,000 adapter swaps while 8 generations run: <c>swap [--shape 15m] [--type Q8_0] [--swaps 1000] [--generations 8]</c>. Every
/// generation pins the current adapters, decodes 32 tokens and starts again.
/// </summary>
internal static class SwapBench
{
    public static int Run(string[] args)
    {
        var shape = Option(args, "--shape") ?? "15m";
        var type = Enum.Parse<TensorType>(Option(args, "--type") ?? "Q8_0");
        var swaps = int.Parse(Option(args, "--swaps") ?? "1000", CultureInfo.InvariantCulture);
        var generations = int.Parse(Option(args, "--generations") ?? "8", CultureInfo.InvariantCulture);
        using var pool = new WorkerPool();
        using var model = ModelLoader.Load(SyntheticModel.Create(SyntheticModel.Of(shape), type));
        AdapterStack[] stacks = [AdapterStack.Of(DecodeBench.Adapter(model, 1)), AdapterStack.Of(DecodeBench.Adapter(model, 2)), AdapterStack.Empty];
        var slot = new AdapterSlot(model, stacks[0]);
        var (released, tokens, sequences) = (0, 0, 0);
        slot.Released += _ => Interlocked.Increment(ref released);
        using var stop = new CancellationTokenSource();
        var threads = Enumerable.Range(0, generations).Select(_ => new Thread(Generate) { IsBackground = true }).ToArray();
        foreach (var thread in threads) thread.Start();

        var (microseconds, idle) = (new double[swaps], new double[swaps]);
        using var pause = new ManualResetEventSlim();
        for (var i = 0; i < swaps; i++)
        {
            var start = Stopwatch.GetTimestamp();
            slot.Swap(stacks[i % stacks.Length]);
            microseconds[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
            // The same time of doing nothing shows how long the scheduler alone holds this thread up.
            var (control, end) = (Stopwatch.GetTimestamp(), Stopwatch.GetTimestamp() + Stopwatch.Frequency / 200_000);
            while (Stopwatch.GetTimestamp() < end) Thread.SpinWait(1);
            idle[i] = Stopwatch.GetElapsedTime(control).TotalMicroseconds;
            pause.Wait(2); // lets generations run on: back-to-back swaps would measure nothing but themselves
        }

        stop.Cancel();
        foreach (var thread in threads) thread.Join();
        Array.Sort(microseconds);
        Array.Sort(idle);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{swaps} swaps under {generations} generations ({shape} {type}, {pool.Threads} threads): p50 {At(microseconds, 0.5):F1} us, p99 {At(microseconds, 0.99):F1} us, max {microseconds[^1]:F1} us "
            + $"(5 us of doing nothing: p99 {At(idle, 0.99):F1} us, max {idle[^1]:F1} us); "
            + $"{sequences} sequences, {tokens} tokens, {released} of {swaps} replaced snapshots released"));
        return released == swaps ? 0 : 1;

        double At(double[] sorted, double quantile) => sorted[Math.Min(swaps - 1, (int)(quantile * swaps))];

        void Generate()
        {
            while (!stop.IsCancellationRequested)
            {
                using var session = new DecoderSession(slot, pool);
                session.Prefill([1, 2, 3]);
                for (var i = 0; i < 32 && !stop.IsCancellationRequested; i++)
                {
                    session.Decode(i * 7919 % 32_000);
                    Interlocked.Increment(ref tokens);
                }

                Interlocked.Increment(ref sequences);
            }
        }
    }

    private static string? Option(string[] args, string name)
    {
        var at = Array.IndexOf(args, name);
        return at >= 0 && at + 1 < args.Length ? args[at + 1] : null;
    }
}
