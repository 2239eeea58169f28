using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.Mechanisms;

/// <summary>
/// A buffered linear Toeplitz strategy (BLT; Dvijotham, McMahan, Pillutla, Steinke and Thakurta 2024): C(i, j) = sum over m of w_m l_m^(i
/// - j - 1) below a diagonal of 1. A few buffers stand for infinitely many diagonals, and the number of steps need not be small.
/// </summary>
public sealed class BufferedLinearStrategy : MatrixStrategy
{
    private readonly double[] _weights;
    private readonly double[] _decays;

    /// <summary>A strategy of as many buffers as there are weights.</summary>
    /// <param name="rounds">Number n of steps.</param>
    /// <param name="weights">Output weights w, not negative, with a sum of at most 1.</param>
    /// <param name="decays">Decays l, 0 to 1, as many.</param>
    /// <exception cref="ArgumentException">A weight or decay lies outside its range: the coefficients would increase.</exception>
    public BufferedLinearStrategy(int rounds, ReadOnlySpan<double> weights, ReadOnlySpan<double> decays)
        : base(rounds)
    {
        if (weights.IsEmpty || weights.Length != decays.Length)
            throw new ArgumentException($"buffered linear strategy: {weights.Length} weights, {decays.Length} decays, expected as many",
                nameof(weights));
        double sum = 0;
        for (var i = 0; i < weights.Length; i++)
        {
            sum += weights[i];
            if (!(weights[i] >= 0 && decays[i] is >= 0 and <= 1))
                throw new ArgumentException(FormattableString.Invariant(
                    $"buffered linear strategy: weight {i} is {weights[i]} and decay {i} is {decays[i]}, expected at least 0, and 0 to 1"),
                    nameof(weights));
        }

        if (!(sum <= 1))
            throw new ArgumentException(
                FormattableString.Invariant($"buffered linear strategy: the weights' sum is {sum}, expected at most 1"), nameof(weights));
        _weights = weights.ToArray();
        _decays = decays.ToArray();
    }

    internal override bool IsToeplitz => true;

    internal override int Bands => Rounds;

    internal override int BufferCount => _weights.Length;

    /// <inheritdoc/>
    public override double Coefficient(int row, int column)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, Rounds);
        ArgumentOutOfRangeException.ThrowIfNegative(column);
        if (row <= column) return row == column ? 1 : 0;
        double sum = 0;
        for (var i = 0; i < _weights.Length; i++) sum += _weights[i] * Math.Pow(_decays[i], row - column - 1);
        return sum;
    }

    /// <inheritdoc/>
    public override double Sensitivity(int minSeparation, int maxParticipations)
    {
        var column = new double[Rounds];
        for (var i = 0; i < column.Length; i++) column[i] = Coefficient(i, 0);
        return MatrixSensitivity.Toeplitz(column, minSeparation, maxParticipations);
    }

    internal override void Correlate(int step, float[][] buffers, Span<float> noise)
    {
        // Buffer m holds the sum over earlier steps i of l_m^(step - i - 1) times their noise.
        for (var m = 0; m < buffers.Length; m++) BandedStrategy.Add(noise, buffers[m], (float)-_weights[m]);
        for (var m = 0; m < buffers.Length; m++)
        {
            var (buffer, decay) = (buffers[m], (float)_decays[m]);
            for (var i = 0; i < noise.Length; i++) buffer[i] = (decay * buffer[i]) + noise[i];
        }
    }

    internal override void Describe(SealWriter writer)
    {
        writer.WriteByte(2);
        writer.WriteInt32(Rounds);
        foreach (var value in _weights) writer.WriteDouble(value);
        foreach (var value in _decays) writer.WriteDouble(value);
    }
}
