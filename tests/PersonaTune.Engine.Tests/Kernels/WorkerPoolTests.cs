using PersonaTune.Engine.Kernels;

namespace PersonaTune.Engine.Tests.Kernels;

public class WorkerPoolTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void EveryPartRunsExactlyOnce(int threads)
    {
        using var pool = new WorkerPool(threads);
        Assert.Equal(threads, pool.Threads);
        foreach (var parts in (int[])[0, 1, 2, 3, 7, 64, 1000])
        {
            for (var round = 0; round < 50; round++)
            {
                var counts = new int[parts];
                pool.Run(counts, parts, static (c, part, total) =>
                {
                    Assert.Equal(c.Length, total);
                    Interlocked.Increment(ref c[part]);
                });
                Assert.All(counts, c => Assert.Equal(1, c));
            }
        }
    }

    [Fact]
    public void SectionsAfterAnIdleSpellWakeTheWorkersAgain()
    {
        using var pool = new WorkerPool(3);
        using var never = new ManualResetEventSlim(false);
        for (var round = 0; round < 20; round++)
        {
            never.Wait(TimeSpan.FromMilliseconds(2));
            var threads = new int[64];
            pool.Run(threads, threads.Length, static (t, part, _) =>
            {
                Thread.SpinWait(20_000);
                t[part] = Environment.CurrentManagedThreadId;
            });
            Assert.DoesNotContain(0, threads);
        }
    }

    [Fact]
    public void WorkersTakePart()
    {
        using var pool = new WorkerPool(2);
        using var barrier = new Barrier(2);

        // Each of the two parts waits for the other: this only returns when two threads run at once.
        pool.Run(barrier, 2, static (b, _, _) => Assert.True(b.SignalAndWait(TimeSpan.FromSeconds(30))));
    }

    [Fact]
    public void AnExceptionReachesTheCallerAndThePoolStaysUsable()
    {
        using var pool = new WorkerPool(2);
        for (var round = 0; round < 20; round++)
        {
            var thrown = Assert.Throws<InvalidOperationException>(() => pool.Run(7, 16, static (bad, part, _) =>
            {
                if (part == bad) throw new InvalidOperationException("part 7");
            }));
            Assert.Equal("part 7", thrown.Message);
            var sum = new int[1];
            pool.Run(sum, 10, static (s, part, _) => Interlocked.Add(ref s[0], part));
            Assert.Equal(45, sum[0]);
        }
    }

    [Fact]
    public void NestedSectionsRunInline()
    {
        using var pool = new WorkerPool(2);
        var sum = new int[1];
        pool.Run((pool, sum), 4, static (outer, _, _) =>
            outer.pool.Run((outer.sum, Environment.CurrentManagedThreadId), 5, static (inner, part, _) =>
            {
                Assert.Equal(inner.CurrentManagedThreadId, Environment.CurrentManagedThreadId);
                Interlocked.Add(ref inner.sum[0], part);
            }));
        Assert.Equal(40, sum[0]);
    }

    [Fact]
    public async Task ConcurrentCallersAllFinish()
    {
        using var pool = new WorkerPool(2);
        var callers = Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var round = 0; round < 500; round++)
            {
                var hits = new int[8];
                pool.Run(hits, 8, static (h, part, _) => h[part]++);
                Assert.All(hits, h => Assert.Equal(1, h));
            }
        }));
        await Task.WhenAll(callers);
    }

    [Fact]
    public void ASteadySectionAllocatesNothing()
    {
        using var pool = new WorkerPool(2);
        var target = new int[4];
        RunOften(pool, target);
        var before = GC.GetAllocatedBytesForCurrentThread();
        RunOften(pool, target);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.All(target, v => Assert.Equal(200, v));
    }

    [Fact]
    public void ADisposedPoolRefuses()
    {
        var pool = new WorkerPool(2);
        pool.Dispose();
        pool.Dispose();
        Assert.Throws<ObjectDisposedException>(() => pool.Run(0, 2, static (_, _, _) => { }));
    }

    [Fact]
    public void BadArgumentsAreRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new WorkerPool(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new WorkerPool(5000));
        using var pool = new WorkerPool(1);
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.Run(0, -1, static (_, _, _) => { }));
        Assert.Throws<ArgumentNullException>(() => pool.Run<int>(0, 1, null!));
    }

    private static void RunOften(WorkerPool pool, int[] target)
    {
        for (var i = 0; i < 100; i++) pool.Run((target, 1), 4, static (s, part, _) => s.target[part] += s.Item2);
    }
}
