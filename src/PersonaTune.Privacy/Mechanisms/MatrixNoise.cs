using System.Security.Cryptography;
using PersonaTune.Privacy.Accounting;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.Mechanisms;

/// <summary>
/// The correlated noise of a <see cref="MatrixStrategy"/>, step by step: <see cref="CorrelatedNoise.Next"/> gives row t of C^-1 z, to be
/// added to the clipped sum of step t before it is released. Memory: the strategy's buffers and one vector.
/// </summary>
/// <remarks>
/// <para>Guarantee: all releases together are one Gaussian mechanism (<see cref="Event"/>), if every contribution has L2 norm at most the
/// clip norm and a record's steps keep the stated separation and number, under adding or removing a record (its contributions becoming
/// zero). It holds for adaptively chosen steps too (Denisov et al. 2022).</para>
/// <para>Broken by: a record that takes part more often or closer together than stated; restoring an old state; continuing beyond the
/// strategy's rounds (refused). Amplification by sampling is not claimed here.</para>
/// </remarks>
public sealed class MatrixNoise : CorrelatedNoise
{
    private const byte MatrixKind = 2;

    private readonly MatrixStrategy _strategy;
    private readonly float[][] _buffers;

    /// <summary>A stream at step 0.</summary>
    /// <param name="purpose">What the noise belongs to.</param>
    /// <param name="strategy">The strategy matrix C.</param>
    /// <param name="dimension">Number of coordinates.</param>
    /// <param name="standardDeviation">Deviation of z: noise multiplier times clip norm times
    /// <see cref="MatrixStrategy.Sensitivity"/>.</param>
    /// <param name="source">Gives the 32-byte key.</param>
    public MatrixNoise(string purpose, MatrixStrategy strategy, int dimension, double standardDeviation, INoiseSource source)
        : base(purpose, dimension, standardDeviation, source)
    {
        ArgumentNullException.ThrowIfNull(strategy);
        _strategy = strategy;
        _buffers = [.. Enumerable.Range(0, strategy.BufferCount).Select(_ => new float[dimension])];
    }

    private MatrixNoise(ref SealReader reader, string purpose, MatrixStrategy strategy)
        : base(ref reader, MatrixKind, purpose)
    {
        if (!reader.ReadFixed(SHA256.HashSizeInBytes).SequenceEqual(Fingerprint(strategy)))
            throw new NoiseReuseException(purpose, Step, "the state belongs to another strategy");
        _strategy = strategy;
        _buffers = new float[strategy.BufferCount][];
        for (var i = 0; i < _buffers.Length; i++) _buffers[i] = ReadVector(ref reader, Dimension);
        reader.End();
    }

    private protected override byte Kind => MatrixKind;

    /// <summary>Continues from <see cref="CorrelatedNoise.ToBytes"/>.</summary>
    /// <param name="state">The bytes.</param>
    /// <param name="purpose">What the noise must belong to.</param>
    /// <param name="strategy">The strategy that the run began with.</param>
    /// <exception cref="TamperedException">The bytes are not a state of this type.</exception>
    /// <exception cref="NoiseReuseException">The state belongs to another purpose or strategy.</exception>
    public static MatrixNoise Restore(ReadOnlySpan<byte> state, string purpose, MatrixStrategy strategy)
    {
        ArgumentNullException.ThrowIfNull(strategy);
        var reader = new SealReader(state, $"noise of '{purpose}'");
        return new MatrixNoise(ref reader, purpose, strategy);
    }

    /// <summary>What an accountant must know of the whole run.</summary>
    /// <param name="clipNorm">L2 bound of one record's contribution to one step.</param>
    /// <param name="minSeparation">Smallest distance of two steps of one record.</param>
    /// <param name="maxParticipations">Largest number of steps of one record.</param>
    public PrivacyEvent Event(double clipNorm, int minSeparation, int maxParticipations) =>
        new GaussianNoise(StandardDeviation).Event(clipNorm * _strategy.Sensitivity(minSeparation, maxParticipations));

    private protected override void Advance(Span<float> noise)
    {
        if (Step >= _strategy.Rounds)
            throw new InvalidOperationException(
                $"noise of '{Purpose}': all {_strategy.Rounds} rounds are used; begin and account for a new run");
        Draw((ulong)Step, noise);
        _strategy.Correlate((int)Step, _buffers, noise);
    }

    private protected override void WriteState(SealWriter writer)
    {
        writer.WriteFixed(Fingerprint(_strategy));
        foreach (var buffer in _buffers) WriteVector(writer, buffer);
    }

    private protected override void ClearState()
    {
        foreach (var buffer in _buffers) Array.Clear(buffer);
    }

    private static byte[] Fingerprint(MatrixStrategy strategy)
    {
        using var writer = new SealWriter();
        strategy.Describe(writer);
        return SHA256.HashData(writer.Written);
    }
}
