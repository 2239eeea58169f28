using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using PersonaTune.Engine.Kernels;

namespace PersonaTune.Bench;

/// <summary>What the machine can do at most: fused multiply-adds in registers, and reading memory.</summary>
internal static unsafe class MachinePeak
{
    public static void Print(WorkerPool pool)
    {
        const int Rounds = 200_000;
        var sink = new float[16 * 64];
        var flops = 2.0 * 10 * Vector<float>() * Rounds;
        KernelBench.Report("peak f32 multiply-add, one thread", flops, "GFLOP/s", () => sink[0] = MultiplyAdd(Rounds));
        KernelBench.Report($"peak f32 multiply-add, {pool.Threads} threads", flops * pool.Threads, "GFLOP/s", () =>
            pool.Run(sink, pool.Threads, static (s, part, _) => s[part * 16] = MultiplyAdd(Rounds)));
        var memory = new byte[256 << 20];
        new Span<byte>(memory).Fill(1);
        KernelBench.Report("peak read of 256 MiB, one thread", memory.Length, "GB/s", () => sink[0] = Read(memory, 0, memory.Length));
        KernelBench.Report($"peak read of 256 MiB, {pool.Threads} threads", memory.Length, "GB/s", () =>
            pool.Run((sink, memory), 64, static (s, part, parts) => s.sink[part * 16] = Read(s.memory, s.memory.Length / parts * part, s.memory.Length / parts)));
    }

    private static int Vector<T>() => Vector512.IsHardwareAccelerated ? Vector512<T>.Count : Vector256<T>.Count;

    private static float MultiplyAdd(int rounds) => Vector512.IsHardwareAccelerated ? MultiplyAdd512(rounds) : MultiplyAdd256(rounds);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float MultiplyAdd256(int rounds)
    {
        var m = Vector256.Create(0.999f);
        Vector256<float> a0 = m, a1 = m, a2 = m, a3 = m, a4 = m, a5 = m, a6 = m, a7 = m, a8 = m, a9 = m;
        for (var i = 0; i < rounds; i++)
        {
            a0 = Vector256.FusedMultiplyAdd(a0, m, m);
            a1 = Vector256.FusedMultiplyAdd(a1, m, m);
            a2 = Vector256.FusedMultiplyAdd(a2, m, m);
            a3 = Vector256.FusedMultiplyAdd(a3, m, m);
            a4 = Vector256.FusedMultiplyAdd(a4, m, m);
            a5 = Vector256.FusedMultiplyAdd(a5, m, m);
            a6 = Vector256.FusedMultiplyAdd(a6, m, m);
            a7 = Vector256.FusedMultiplyAdd(a7, m, m);
            a8 = Vector256.FusedMultiplyAdd(a8, m, m);
            a9 = Vector256.FusedMultiplyAdd(a9, m, m);
        }

        return Vector256.Sum(a0 + a1 + a2 + a3 + a4 + a5 + a6 + a7 + a8 + a9);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float MultiplyAdd512(int rounds)
    {
        var m = Vector512.Create(0.999f);
        Vector512<float> a0 = m, a1 = m, a2 = m, a3 = m, a4 = m, a5 = m, a6 = m, a7 = m, a8 = m, a9 = m;
        for (var i = 0; i < rounds; i++)
        {
            a0 = Vector512.FusedMultiplyAdd(a0, m, m);
            a1 = Vector512.FusedMultiplyAdd(a1, m, m);
            a2 = Vector512.FusedMultiplyAdd(a2, m, m);
            a3 = Vector512.FusedMultiplyAdd(a3, m, m);
            a4 = Vector512.FusedMultiplyAdd(a4, m, m);
            a5 = Vector512.FusedMultiplyAdd(a5, m, m);
            a6 = Vector512.FusedMultiplyAdd(a6, m, m);
            a7 = Vector512.FusedMultiplyAdd(a7, m, m);
            a8 = Vector512.FusedMultiplyAdd(a8, m, m);
            a9 = Vector512.FusedMultiplyAdd(a9, m, m);
        }

        return Vector512.Sum(a0 + a1 + a2 + a3 + a4 + a5 + a6 + a7 + a8 + a9);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Read(byte[] memory, int first, int count)
    {
        fixed (byte* start = memory)
        {
            Vector256<int> s0 = default, s1 = default, s2 = default, s3 = default;
            for (byte* p = start + first, end = p + count; p < end; p += 128)
            {
                s0 += Vector256.Load(p).AsInt32();
                s1 += Vector256.Load(p + 32).AsInt32();
                s2 += Vector256.Load(p + 64).AsInt32();
                s3 += Vector256.Load(p + 96).AsInt32();
            }

            return Vector256.Sum(s0 + s1 + s2 + s3);
        }
    }
}
