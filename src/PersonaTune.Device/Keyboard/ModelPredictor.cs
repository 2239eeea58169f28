using System.Runtime.InteropServices;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;

namespace PersonaTune.Device.Keyboard;

/// <summary>
/// Predictions of a session. A new context reuses the key/value cache of what it has in common with the old one; paths that are prepared
/// together branch off the context and are computed in one batch.
/// </summary>
internal sealed class ModelPredictor(DecoderSession session, WorkerPool pool)
    : RememberingPredictor(session.Model.Config.VocabularySize), IDisposable
{
    private readonly List<DecoderSession> _branches = [];
    private readonly List<int> _ids = [];
    private readonly List<int> _counts = [];
    private BatchDecoder? _decoder;

    /// <summary>Sessions whose tokens branch copy only a few tokens when they do.</summary>
    public static SessionOptions Branching { get; } = new() { CachePageLength = 8 };

    public override void Prepare(IReadOnlyList<int[]> paths)
    {
        var missing = paths.Where(path => path.Length > 0 && !Remembers(path)).ToList();
        if (missing.Count < 2) return;
        MakeRoom(missing.Count);
        var common = session.Ids.CommonPrefixLength(Context);
        if (common < ContextLength) session.Continue(Context);
        session.Truncate(ContextLength);
        while (_branches.Count < missing.Count) _branches.Add(session.Fork());
        _ids.Clear();
        _counts.Clear();
        for (var i = 0; i < missing.Count; i++)
        {
            _branches[i].CopyFrom(session, ContextLength);
            _ids.AddRange(missing[i]);
            _counts.Add(missing[i].Length);
        }
        _decoder ??= new BatchDecoder(session.Model, pool, session.Options.Activations);
        var branches = CollectionsMarshal.AsSpan(_branches)[..missing.Count];
        _decoder.Append(branches, CollectionsMarshal.AsSpan(_ids), CollectionsMarshal.AsSpan(_counts));
        for (var i = 0; i < missing.Count; i++)
        {
            var probabilities = Remember(missing[i]);
            _decoder.Logits(i).CopyTo(probabilities);
            Softmax.Forward(probabilities);
        }
    }

    /// <summary>Ends the branches; the session stays its owner's.</summary>
    public void Dispose()
    {
        foreach (var branch in _branches) branch.Dispose();
        _branches.Clear();
    }

    protected override void Compute(ReadOnlySpan<int> ids, Span<float> probabilities)
    {
        session.Continue(ids).CopyTo(probabilities);
        Softmax.Forward(probabilities);
    }
}
