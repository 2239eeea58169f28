using System.Runtime.CompilerServices;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Inference;

/// <summary>
/// Cache pages and working buffers that ended sessions of a model leave to the next ones. A keyboard starts a short sequence at every
/// word; without this, each would make the garbage collector pay for large arrays. Thread-safe.
/// </summary>
internal sealed class SessionMemory
{
    private const long PageBytesKept = 16 << 20;
    private const long PassBytesKept = 16 << 20;
    private static readonly ConditionalWeakTable<DecoderModel, SessionMemory> Memories = [];
    private readonly Lock _lock = new();
    private readonly Stack<KvPage> _pages = new();
    private readonly Stack<ForwardPass> _passes = new();
    private long _pageBytes;
    private long _passBytes;

    public static SessionMemory For(DecoderModel model) => Memories.GetValue(model, static _ => new SessionMemory());

    /// <summary>A page of that size with undefined content.</summary>
    public KvPage RentPage(int bytes)
    {
        lock (_lock)
        {
            if (_pages.TryPeek(out var page) && page.Bytes == bytes)
            {
                _pageBytes -= bytes;
                return _pages.Pop();
            }
        }

        return new KvPage(bytes);
    }

    /// <summary>Takes back pages that nothing else refers to; those of another size than the kept ones replace them.</summary>
    public void Return(List<KvPage> pages)
    {
        lock (_lock)
        {
            foreach (var page in pages)
            {
                if (page.Shared) continue;
                if (_pages.TryPeek(out var kept) && kept.Bytes != page.Bytes)
                {
                    _pages.Clear();
                    _pageBytes = 0;
                }

                if (_pageBytes + page.Bytes > PageBytesKept) continue;
                _pages.Push(page);
                _pageBytes += page.Bytes;
            }
        }
    }

    /// <summary>A pass over the model; its buffers may have any size.</summary>
    public ForwardPass RentPass(DecoderModel model, WorkerPool pool, ActivationPrecision precision)
    {
        ForwardPass? pass = null;
        lock (_lock)
        {
            if (_passes.TryPop(out pass)) _passBytes -= pass.MemoryBytes;
        }

        pass ??= new ForwardPass(model.Config);
        pass.Attach(model, pool, precision);
        return pass;
    }

    /// <summary>Takes back a pass that nobody uses any more.</summary>
    public void Return(ForwardPass pass)
    {
        pass.Detach();
        lock (_lock)
        {
            if (_passBytes + pass.MemoryBytes > PassBytesKept) return;
            _passes.Push(pass);
            _passBytes += pass.MemoryBytes;
        }
    }
}
