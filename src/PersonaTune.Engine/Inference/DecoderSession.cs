using System.Runtime.InteropServices;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Inference;

/// <summary>
/// One sequence on a model: its tokens, its key/value cache, and the adapters that it pinned when it started and keeps until it is
/// disposed. Spans that a session returns are valid until its next call or its end. Not thread-safe, and says so when two threads meet; sessions on one model and pool may run on
/// different threads. Decoding allocates nothing beyond a cache page every <see cref="SessionOptions.CachePageLength"/> tokens.
/// </summary>
public sealed class DecoderSession : IDisposable
{
    private const int HeadChunk = 32;
    private readonly AdapterLease? _lease;
    private readonly ForwardPass _pass;
    private readonly List<int> _ids = [];
    private readonly SequenceRows[] _rows = new SequenceRows[1];
    private readonly int[] _single = new int[1];
    private readonly SessionMemory _memory;
    private float[] _all = [];
    private State _state;

    /// <summary>Starts a sequence with fixed adapters.</summary>
    /// <exception cref="AdapterMismatchException">The stack does not fit the model.</exception>
    /// <exception cref="EngineException">An option is out of range.</exception>
    public DecoderSession(DecoderModel model, WorkerPool pool, SessionOptions? options = null, AdapterStack? adapters = null)
        : this(model, pool, options, adapters ?? AdapterStack.Empty, null)
    {
    }

    /// <summary>Starts a sequence with the slot's current adapters, which it pins until it is disposed.</summary>
    /// <exception cref="EngineException">An option is out of range.</exception>
    public DecoderSession(AdapterSlot slot, WorkerPool pool, SessionOptions? options = null)
        : this(slot.Acquire(), pool, options)
    {
    }

    private DecoderSession(AdapterLease lease, WorkerPool pool, SessionOptions? options)
        : this(lease.Snapshot.Slot.Model, pool, options, lease.Snapshot.Stack, lease)
    {
    }

    private DecoderSession(DecoderModel model, WorkerPool pool, SessionOptions? options, AdapterStack adapters, AdapterLease? lease)
    {
        _lease = lease;
        try
        {
            ArgumentNullException.ThrowIfNull(model);
            ArgumentNullException.ThrowIfNull(pool);
            Options = options ?? SessionOptions.Default;
            Options.Validate();
            ContextLimit = Options.ContextLimit ?? model.Config.ContextLength;
            if (ContextLimit > model.Config.ContextLength)
                throw new EngineException($"SessionOptions.ContextLimit is {ContextLimit} but the model was made for {model.Config.ContextLength} tokens; lower it");
            adapters.Validate(model);
            Model = model;
            Pool = pool;
            Adapters = adapters;
            _memory = SessionMemory.For(model);
            Cache = new KvCache(model.Config, Options.CachePrecision, Options.CachePageLength, _memory);
            _pass = _memory.RentPass(model, pool, Options.Activations);
        }
        catch
        {
            lease?.Dispose();
            throw;
        }
    }

    /// <summary>The base model.</summary>
    public DecoderModel Model { get; }

    /// <summary>The adapters that act on every token of this sequence.</summary>
    public AdapterStack Adapters { get; }

    /// <summary>Version of the pinned snapshot, or null for a session that was not started from a slot.</summary>
    public long? AdapterVersion => _lease?.Snapshot.Version;

    /// <summary>The settings.</summary>
    public SessionOptions Options { get; }

    /// <summary>Most tokens the sequence may hold.</summary>
    public int ContextLimit { get; }

    /// <summary>Tokens that the sequence holds.</summary>
    public int Length => _ids.Count;

    /// <summary>The tokens of the sequence.</summary>
    public ReadOnlySpan<int> Ids => CollectionsMarshal.AsSpan(_ids);

    /// <summary>Bytes of the cache and of the working buffers.</summary>
    public long MemoryBytes => Cache.MemoryBytes + _pass.MemoryBytes + 4L * _all.Length;

    internal WorkerPool Pool { get; }

    internal KvCache Cache { get; }

    /// <summary>Appends tokens and returns the logits (vocabulary) after the last of them.</summary>
    /// <exception cref="ArgumentException">No token, or an id outside the vocabulary; the session is unchanged.</exception>
    /// <exception cref="ContextLimitException">They do not fit; the session is unchanged.</exception>
    /// <exception cref="OperationCanceledException">Cancelled between two chunks; the tokens of whole chunks are part of the sequence.</exception>
    public ReadOnlySpan<float> Prefill(ReadOnlySpan<int> ids, CancellationToken cancellationToken = default)
    {
        Check(ids);
        Enter();
        try
        {
            while (ids.Length > Options.PrefillChunk)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Run(ids[..Options.PrefillChunk]);
                ids = ids[Options.PrefillChunk..];
            }

            Run(ids);
            _pass.Head(ids.Length - 1, 1, _rows, _pass.Logits);
            return _pass.Logits;
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>Appends one token and returns the logits (vocabulary) after it.</summary>
    /// <exception cref="ArgumentException">The id is outside the vocabulary; the session is unchanged.</exception>
    /// <exception cref="ContextLimitException">The context is full; the session is unchanged.</exception>
    public ReadOnlySpan<float> Decode(int id)
    {
        _single[0] = id;
        return Prefill(_single);
    }

    /// <summary>
    /// Appends tokens and returns the logits after each of them, (tokens, vocabulary). For long texts prefer
    /// <see cref="LogProbabilities"/>, which holds only a few rows at a time.
    /// </summary>
    /// <exception cref="ArgumentException">No token, or an id outside the vocabulary; the session is unchanged.</exception>
    /// <exception cref="ContextLimitException">They do not fit; the session is unchanged.</exception>
    public ReadOnlySpan<float> Logits(ReadOnlySpan<int> ids)
    {
        Check(ids);
        var vocabulary = Model.Config.VocabularySize;
        var needed = checked(ids.Length * vocabulary);
        Enter();
        try
        {
            if (_all.Length < needed) _all = new float[needed];
            for (var done = 0; done < ids.Length;)
            {
                var count = Math.Min(ids.Length - done, Options.PrefillChunk);
                Run(ids.Slice(done, count));
                _pass.Head(0, count, _rows, _all.AsSpan(done * vocabulary, count * vocabulary));
                done += count;
            }

            return _all.AsSpan(0, needed);
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>
    /// Appends tokens and writes the natural logarithm of each one's probability given all before it to
    /// <paramref name="logProbabilities"/> (tokens). The first token of an empty session has no context and gets NaN.
    /// </summary>
    /// <exception cref="ArgumentException">No token, an id outside the vocabulary, or a target of another length; the session is unchanged.</exception>
    /// <exception cref="ContextLimitException">They do not fit; the session is unchanged.</exception>
    public void LogProbabilities(ReadOnlySpan<int> ids, Span<float> logProbabilities)
    {
        if (logProbabilities.Length != ids.Length)
            throw new ArgumentException($"expected {ids.Length} values, found {logProbabilities.Length}", nameof(logProbabilities));
        Check(ids);
        Enter();
        try
        {
            Score(ids, logProbabilities);
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>
    /// Makes the sequence hold exactly <paramref name="ids"/>, reusing the longest prefix that it holds already, and returns the logits
    /// (vocabulary) after the last of them.
    /// </summary>
    /// <exception cref="ArgumentException">No token, or an id outside the vocabulary.</exception>
    /// <exception cref="ContextLimitException">They do not fit.</exception>
    /// <exception cref="OperationCanceledException">Cancelled between two chunks; the sequence holds a prefix.</exception>
    public ReadOnlySpan<float> Continue(ReadOnlySpan<int> ids, CancellationToken cancellationToken = default)
    {
        if (ids.Length > ContextLimit) throw new ContextLimitException(0, ids.Length, ContextLimit);
        Truncate(Math.Min(Ids.CommonPrefixLength(ids), Math.Max(0, ids.Length - 1)));
        return Prefill(ids[Length..], cancellationToken);
    }

    /// <summary>Forgets every token from <paramref name="length"/> on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The sequence holds fewer tokens.</exception>
    public void Truncate(int length)
    {
        Enter();
        try
        {
            Cut(length);
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>Forgets every token; the pinned adapters stay.</summary>
    public void Reset() => Truncate(0);

    /// <summary>Makes room for <paramref name="tokens"/> in all, so that reaching them allocates nothing.</summary>
    public void Reserve(int tokens)
    {
        Enter();
        try
        {
            Cache.Reserve(tokens);
            _ids.EnsureCapacity(tokens);
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>A session with the same tokens, adapters and options; cache pages are shared until one side writes to them.</summary>
    public DecoderSession Fork()
    {
        ObjectDisposedException.ThrowIf(_state == State.Disposed, this);
        var fork = new DecoderSession(Model, Pool, Options, Adapters, _lease?.Duplicate());
        fork.CopyFrom(this, Length);
        return fork;
    }

    /// <summary>
    /// Replaces the tokens of this session by the first <paramref name="length"/> of another one that runs the same adapters, without
    /// computing them again.
    /// </summary>
    /// <exception cref="ArgumentException">The sessions differ in model, adapters, precision or page length.</exception>
    public void CopyFrom(DecoderSession source, int length)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (!ReferenceEquals(source.Model, Model) || !ReferenceEquals(source.Adapters, Adapters))
            throw new ArgumentException("sessions that share tokens need the same model and adapters", nameof(source));
        if (ReferenceEquals(source, this))
        {
            Truncate(length);
            return;
        }

        source.Enter();
        try
        {
            Enter();
            try
            {
                Cache.CopyFrom(source.Cache, length);
                _ids.Clear();
                _ids.AddRange(source.Ids[..length]);
            }
            finally
            {
                Exit();
            }
        }
        finally
        {
            source.Exit();
        }
    }

    /// <summary>Ends the sequence and lets go of its adapters.</summary>
    public void Dispose()
    {
        var state = Interlocked.Exchange(ref _state, State.Disposed);
        if (state == State.Disposed) return;
        _lease?.Dispose();
        if (state == State.Running) return; // another thread still works in these buffers: leave them to the garbage collector
        _memory.Return(_pass);
        Cache.Recycle();
    }

    /// <summary>Checks that tokens can be appended.</summary>
    internal void Check(ReadOnlySpan<int> ids)
    {
        ObjectDisposedException.ThrowIf(_state == State.Disposed, this);
        if (ids.IsEmpty) throw new ArgumentException("at least one token is needed", nameof(ids));
        foreach (var id in ids)
            if ((uint)id >= (uint)Model.Config.VocabularySize)
                throw new ArgumentOutOfRangeException(nameof(ids), id, $"token ids run from 0 to {Model.Config.VocabularySize - 1}");
        if (ids.Length > ContextLimit - Length) throw new ContextLimitException(Length, ids.Length, ContextLimit);
    }

    /// <summary>Claims the session for a call.</summary>
    /// <exception cref="InvalidOperationException">Another call is running.</exception>
    internal void Enter()
    {
        var state = Interlocked.CompareExchange(ref _state, State.Running, State.Idle);
        ObjectDisposedException.ThrowIf(state == State.Disposed, this);
        if (state == State.Running) throw new InvalidOperationException("the session is in use on another thread; a session runs one call at a time");
    }

    /// <summary>Ends a call; a session that was disposed meanwhile stays so.</summary>
    internal void Exit() => Interlocked.CompareExchange(ref _state, State.Idle, State.Running);

    /// <summary>Notes tokens whose keys and values another pass has appended to the cache.</summary>
    internal void Append(ReadOnlySpan<int> ids) => _ids.AddRange(ids);

    private void Score(ReadOnlySpan<int> ids, Span<float> logProbabilities)
    {
        var vocabulary = Model.Config.VocabularySize;
        if (_all.Length < HeadChunk * vocabulary) _all = new float[HeadChunk * vocabulary];
        logProbabilities[0] = float.NaN;
        if (Length > 0)
        {
            // The logits before the first new token were not kept: its predecessor runs once more.
            var previous = _ids[^1];
            Cut(Length - 1);
            _single[0] = previous;
            Run(_single);
            _pass.Head(0, 1, _rows, _all.AsSpan(0, vocabulary));
            logProbabilities[0] = LogProbability(_all.AsSpan(0, vocabulary), ids[0]);
        }

        for (var done = 0; done < ids.Length;)
        {
            var count = Math.Min(ids.Length - done, Options.PrefillChunk);
            Run(ids.Slice(done, count));
            for (var first = 0; first < count; first += HeadChunk)
            {
                var rows = Math.Min(Math.Min(HeadChunk, count - first), ids.Length - 1 - done - first);
                if (rows <= 0) break;
                _pass.Head(first, rows, _rows, _all.AsSpan(0, rows * vocabulary));
                for (var r = 0; r < rows; r++)
                {
                    var target = done + first + r + 1;
                    logProbabilities[target] = LogProbability(_all.AsSpan(r * vocabulary, vocabulary), ids[target]);
                }
            }

            done += count;
        }
    }

    private static float LogProbability(Span<float> logits, int id)
    {
        var logit = logits[id];
        return logit - Softmax.Forward(logits); // which overwrites the row: it is scratch
    }

    private void Run(ReadOnlySpan<int> ids)
    {
        _rows[0] = new SequenceRows(Cache, Adapters, 0, ids.Length);
        _pass.Blocks(ids, _rows);
        _ids.AddRange(ids);
    }

    private void Cut(int length)
    {
        Cache.Truncate(length);
        CollectionsMarshal.SetCount(_ids, length);
    }

    private enum State
    {
        Idle,
        Running,
        Disposed,
    }
}
