using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace PersonaTune.Engine.Kernels;

/// <summary>
/// A fixed set of long-lived threads that run one parallel section at a time. The caller takes part; workers park when idle. When
/// another caller already holds the pool, the section runs on the calling thread alone, part after part, with the same partition
/// and therefore bit-identical results. Thread-safe.
/// </summary>
/// <remarks>
/// Parts are claimed one by one, so a part must not depend on which thread runs it. A section that starts another one on the same
/// pool runs the inner one inline. A section allocates nothing once its state type has been seen and its body is a cached delegate.
/// </remarks>
public sealed class WorkerPool : IDisposable
{
    // Workers stay awake this long after a section: sections of one token follow each other within microseconds, and waking a
    // parked thread takes longer than most of them.
    private static readonly long SpinTicks = Stopwatch.Frequency / 20_000;

    private readonly Worker[] _workers;
    private readonly AutoResetEvent _callerWake = new(false);
    private WorkerSection?[] _slots = new WorkerSection?[8];
    private WorkerSection? _section;
    private Exception? _failure;

    // Upper half: number of the section; lower half: parts not yet claimed. One compare-exchange claims a part and proves that the
    // section it belongs to is still the current one, so a late worker can never touch a section that has ended.
    private long _ticket;
    private int _unfinished;
    private int _callerParked;
    private int _busy;
    private int _stopping;

    /// <summary>Creates a pool of <paramref name="threads"/> threads including the caller (0: one for each processor).</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="threads"/> is negative or above 1024.</exception>
    public WorkerPool(int threads = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(threads, 1024);
        Threads = threads == 0 ? Environment.ProcessorCount : threads;
        _workers = new Worker[Threads - 1];
        for (var i = 0; i < _workers.Length; i++) _workers[i] = new Worker(this, i + 1);
        foreach (var worker in _workers) worker.Start();
    }

    /// <summary>Threads that take part in a section, the caller included.</summary>
    public int Threads { get; }

    /// <summary>
    /// Runs <paramref name="body"/>(state, part, <paramref name="parts"/>) for every part and returns when all have ended. Pass a
    /// static lambda and keep what it needs in <paramref name="state"/> (a struct), and the call allocates nothing.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The pool has been disposed.</exception>
    /// <remarks>The first exception that a part throws is rethrown here once all claimed parts have ended; parts not yet begun are skipped.</remarks>
    public void Run<TState>(TState state, int parts, Action<TState, int, int> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        ArgumentOutOfRangeException.ThrowIfNegative(parts);
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _stopping) != 0, this);
        if (parts <= 1 || _workers.Length == 0 || Interlocked.CompareExchange(ref _busy, 1, 0) != 0)
        {
            for (var part = 0; part < parts; part++) body(state, part, parts);
            return;
        }

        try
        {
            var section = SlotOf<TState>();
            section.Set(state, parts, body);
            RunSection(section, parts);
        }
        finally
        {
            Volatile.Write(ref _busy, 0);
        }
    }

    /// <summary>Ends the threads. Waits for a section that still runs, so it must not be called from inside one; later sections throw.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _stopping, 1) != 0) return;
        var wait = new SpinWait();
        while (Interlocked.CompareExchange(ref _busy, 1, 0) != 0) wait.SpinOnce(sleep1Threshold: -1);
        foreach (var worker in _workers) worker.Dispose();
        _callerWake.Dispose();
    }

    private WorkerSection<TState> SlotOf<TState>()
    {
        var index = WorkerSection.Slot<TState>.Index;
        if (index >= _slots.Length) Array.Resize(ref _slots, Math.Max(index + 1, _slots.Length * 2));
        return (WorkerSection<TState>)(_slots[index] ??= new WorkerSection<TState>());
    }

    private void RunSection(WorkerSection section, int parts)
    {
        _section = section;
        _failure = null;
        Volatile.Write(ref _unfinished, parts);
        var number = (uint)(Volatile.Read(ref _ticket) >> 32) + 1;
        Interlocked.Exchange(ref _ticket, ((long)number << 32) | (uint)parts);
        for (var i = 0; i < _workers.Length && i < parts - 1; i++) _workers[i].Wake();

        WorkOn();
        AwaitLastPart();

        section.Clear();
        _section = null;
        var failure = _failure;
        _failure = null;
        if (failure is not null) ExceptionDispatchInfo.Throw(failure);
    }

    /// <summary>Claims and runs parts of whatever section is current until none is left. False when there was none.</summary>
    private bool WorkOn()
    {
        var worked = false;
        while (true)
        {
            var ticket = Volatile.Read(ref _ticket);
            var left = (int)(ticket & 0x7fff_ffff);
            if (left == 0) return worked;
            if (Interlocked.CompareExchange(ref _ticket, ticket - 1, ticket) != ticket) continue;
            worked = true;
            var section = _section!;
            if (Volatile.Read(ref _failure) is null)
            {
                try
                {
                    section.Invoke(section.Parts - left);
                }
                catch (Exception e)
                {
                    Interlocked.CompareExchange(ref _failure, e, null);
                }
            }

            if (Interlocked.Decrement(ref _unfinished) == 0 && Interlocked.Exchange(ref _callerParked, 0) == 1) _callerWake.Set();
        }
    }

    private void AwaitLastPart()
    {
        if (Spin(this, static pool => Volatile.Read(ref pool._unfinished) == 0)) return;
        // A worker that was delayed after an earlier section may wake this one too early, so the count is read again after every wake.
        while (Volatile.Read(ref _unfinished) != 0)
        {
            Interlocked.Exchange(ref _callerParked, 1);
            if (Volatile.Read(ref _unfinished) == 0 && Interlocked.Exchange(ref _callerParked, 0) == 1) return;
            _callerWake.WaitOne();
        }
    }

    private static bool Spin<T>(T subject, Func<T, bool> done)
    {
        var until = Stopwatch.GetTimestamp() + SpinTicks;
        do
        {
            for (var i = 0; i < 8; i++)
            {
                if (done(subject)) return true;
                Thread.SpinWait(4);
            }
        }
        while (Stopwatch.GetTimestamp() < until);
        return done(subject);
    }

    private sealed class Worker : IDisposable
    {
        private readonly WorkerPool _pool;
        private readonly Thread _thread;
        private readonly AutoResetEvent _wake = new(false);
        private int _parked;

        public Worker(WorkerPool pool, int number)
        {
            _pool = pool;
            _thread = new Thread(Loop) { IsBackground = true, Name = $"PersonaTune worker {number}" };
        }

        public void Start() => _thread.Start();

        public void Wake()
        {
            if (Volatile.Read(ref _parked) == 1 && Interlocked.Exchange(ref _parked, 0) == 1) _wake.Set();
        }

        public void Dispose()
        {
            Wake();
            _thread.Join();
            _wake.Dispose();
        }

        private bool HasWork() => (Volatile.Read(ref _pool._ticket) & 0x7fff_ffff) != 0 || Volatile.Read(ref _pool._stopping) != 0;

        private void Loop()
        {
            while (true)
            {
                _pool.WorkOn();
                if (Volatile.Read(ref _pool._stopping) != 0) return;
                if (Spin(this, static worker => worker.HasWork())) continue;
                Interlocked.Exchange(ref _parked, 1);
                if (HasWork() && Interlocked.Exchange(ref _parked, 0) == 1) continue;
                _wake.WaitOne();
            }
        }
    }
}
