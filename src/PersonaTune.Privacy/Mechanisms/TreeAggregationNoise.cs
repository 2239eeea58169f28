using PersonaTune.Privacy.Accounting;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.Mechanisms;

/// <summary>
/// Noise for prefix sums by binary-tree aggregation (DP-FTRL; Kairouz et al. 2021) with Honaker's online estimator: after step t,
/// <see cref="CorrelatedNoise.Next"/> gives the noise of the sum of steps 1 to t (not of step t alone). Memory: at most log2(T) + 3
/// vectors.
/// </summary>
/// <remarks>
/// <para>Guarantee: <see cref="Event"/>, if every record takes part in at most one step of one tree and changes that step's sum by at
/// most the clip norm, under adding or removing it. Each node of the tree is noised independently; the estimator only
/// post-processes.</para>
/// <para>Estimator: a node of height h combines its own noise with the sum of its children's estimates in inverse proportion to their
/// variances 1 and 2 v(h-1), so v(h) = 2 v(h-1) / (2 v(h-1) + 1), v(0) = 1: toward 1/2 (Honaker 2015, "estimation from below").</para>
/// <para>Broken by: a record in two steps of one tree; restoring an old state.</para>
/// </remarks>
public sealed class TreeAggregationNoise : CorrelatedNoise
{
    private const byte TreeKind = 1;

    private readonly List<(int Height, float[] Estimate)> _complete = [];
    private readonly List<int> _finishedTrees = [];
    private readonly float[] _carried;
    private int _steps;

    /// <summary>A stream that begins its first tree.</summary>
    /// <param name="purpose">What the noise belongs to.</param>
    /// <param name="dimension">Number of coordinates.</param>
    /// <param name="standardDeviation">Noise of each node: noise multiplier times clip norm.</param>
    /// <param name="source">Gives the 32-byte key.</param>
    public TreeAggregationNoise(string purpose, int dimension, double standardDeviation, INoiseSource source)
        : base(purpose, dimension, standardDeviation, source) => _carried = new float[dimension];

    private TreeAggregationNoise(ref SealReader reader, string purpose)
        : base(ref reader, TreeKind, purpose)
    {
        _steps = reader.ReadInt32();
        var trees = reader.ReadCount(sizeof(int));
        for (var i = 0; i < trees; i++) _finishedTrees.Add(reader.ReadInt32());
        var vectors = reader.ReadCount(sizeof(int));
        for (var i = 0; i < vectors; i++) _complete.Add((reader.ReadInt32(), ReadVector(ref reader, Dimension)));
        _carried = ReadVector(ref reader, Dimension);
        reader.End();
    }

    /// <summary>Number of steps of each tree so far, the current one last.</summary>
    public IReadOnlyList<int> StepCounts => [.. _finishedTrees, .. _steps > 0 ? [_steps] : Array.Empty<int>()];

    private protected override byte Kind => TreeKind;

    /// <summary>Continues from <see cref="CorrelatedNoise.ToBytes"/>.</summary>
    /// <param name="state">The bytes.</param>
    /// <param name="purpose">What the noise must belong to.</param>
    /// <exception cref="TamperedException">The bytes are not a state of this type.</exception>
    /// <exception cref="NoiseReuseException">The state belongs to another purpose.</exception>
    public static TreeAggregationNoise Restore(ReadOnlySpan<byte> state, string purpose)
    {
        var reader = new SealReader(state, $"noise of '{purpose}'");
        return new TreeAggregationNoise(ref reader, purpose);
    }

    /// <summary>
    /// Begins a new tree: records may take part once more. The noise of the finished tree's total stays in all later prefix sums.
    /// </summary>
    public void Restart()
    {
        if (_steps == 0) return;
        Last.CopyTo(_carried);
        ClearComplete();
        _finishedTrees.Add(_steps);
        _steps = 0;
    }

    /// <summary>What an accountant must know of the steps so far.</summary>
    /// <param name="clipNorm">L2 bound of one record's contribution.</param>
    public TreeAggregationEvent Event(double clipNorm)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(clipNorm);
        return new TreeAggregationEvent(StandardDeviation / clipNorm, StepCounts);
    }

    /// <summary>Variance of a node's estimate in units of one node's noise.</summary>
    internal static double EstimateVariance(int height) => 0.5 / (1 - Math.ScaleB(1, -height - 1));

    private protected override void Advance(Span<float> noise)
    {
        var estimate = new float[Dimension];
        Draw(Node(0), estimate);
        var height = 0;
        for (; _complete.Count > 0 && _complete[^1].Height == height; height++)
        {
            var left = _complete[^1].Estimate;
            _complete.RemoveAt(_complete.Count - 1);
            // The two children's estimates become the parent's; its own noise is drawn into the span that is overwritten below.
            Draw(Node(height + 1), noise);
            var own = (float)EstimateVariance(height + 1); // = 2 v / (2 v + 1), also the weight of the node's own noise
            for (var i = 0; i < estimate.Length; i++) estimate[i] = (own * noise[i]) + ((1 - own) * (left[i] + estimate[i]));
            Array.Clear(left);
        }

        _complete.Add((height, estimate));
        _steps++;
        _carried.CopyTo(noise);
        foreach (var (_, part) in _complete)
            for (var i = 0; i < noise.Length; i++) noise[i] += part[i];
    }

    private protected override void WriteState(SealWriter writer)
    {
        writer.WriteInt32(_steps);
        writer.WriteInt32(_finishedTrees.Count);
        foreach (var steps in _finishedTrees) writer.WriteInt32(steps);
        writer.WriteInt32(_complete.Count);
        foreach (var (height, estimate) in _complete)
        {
            writer.WriteInt32(height);
            WriteVector(writer, estimate);
        }

        WriteVector(writer, _carried);
    }

    private protected override void ClearState()
    {
        ClearComplete();
        Array.Clear(_carried);
    }

    // A node is named by its height and its last leaf; leaves are counted over all trees, so no name occurs twice.
    private ulong Node(int height) => ((ulong)height << 56) | (ulong)Step;

    private void ClearComplete()
    {
        foreach (var (_, estimate) in _complete) Array.Clear(estimate);
        _complete.Clear();
    }
}
