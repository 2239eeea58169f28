using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.Mechanisms;

/// <summary>
/// A strategy with a fixed number of nonzero diagonals (banded matrix factorization; Choquette-Choo et al. 2023), kept as a ring of the
/// last steps' noise.
/// </summary>
/// <remarks>
/// With records at least as many steps apart as there are bands, the columns of one record do not overlap, and subsampling amplifies. One
/// band is independent noise (DP-SGD); all n bands of <see cref="SquareRoot"/> are the factorization A = C C.
/// </remarks>
public sealed class BandedStrategy : MatrixStrategy
{
    private readonly double[] _column;
    private readonly double[] _norms;

    /// <summary>A strategy from the first column of a Toeplitz matrix.</summary>
    /// <param name="rounds">Number n of steps.</param>
    /// <param name="coefficients">1 to n values, the first above 0, not increasing, not negative.</param>
    /// <param name="normalizeColumns">True to divide every column by its norm, so that late columns, cut off by the end, are not
    /// wasted.</param>
    /// <exception cref="ArgumentException">The coefficients increase or are negative, or there are more than steps.</exception>
    public BandedStrategy(int rounds, ReadOnlySpan<double> coefficients, bool normalizeColumns = false)
        : base(rounds)
    {
        if (coefficients.IsEmpty || coefficients.Length > rounds)
            throw new ArgumentException($"matrix strategy: {coefficients.Length} bands, expected 1 to {rounds}, the number of rounds",
                nameof(coefficients));
        MatrixSensitivity.RequireDecreasing(coefficients);
        _column = coefficients.ToArray();
        NormalizesColumns = normalizeColumns;
        // Norm of a column that still has i + 1 rows.
        _norms = new double[_column.Length];
        double squares = 0;
        for (var i = 0; i < _norms.Length; i++)
        {
            squares += _column[i] * _column[i];
            _norms[i] = normalizeColumns ? Math.Sqrt(squares) : 1;
        }
    }

    /// <summary>True if every column has norm 1.</summary>
    public bool NormalizesColumns { get; }

    internal override bool IsToeplitz => !NormalizesColumns || Bands == 1;

    internal override int Bands => _column.Length;

    internal override int BufferCount => Bands - 1;

    /// <summary>
    /// The first <paramref name="bands"/> coefficients of the square root of the prefix-sum matrix: 1, 1/2, 3/8, 5/16, ... (binomial(2 i,
    /// i) / 4^i).
    /// </summary>
    /// <param name="rounds">Number n of steps.</param>
    /// <param name="bands">1 to n.</param>
    /// <param name="normalizeColumns">As in the constructor.</param>
    public static BandedStrategy SquareRoot(int rounds, int bands, bool normalizeColumns = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bands);
        var column = new double[bands];
        column[0] = 1;
        for (var i = 1; i < bands; i++) column[i] = column[i - 1] * ((2 * i) - 1) / (2 * i);
        return new BandedStrategy(rounds, column, normalizeColumns);
    }

    /// <inheritdoc/>
    public override double Coefficient(int row, int column)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, Rounds);
        ArgumentOutOfRangeException.ThrowIfNegative(column);
        var distance = row - column;
        return distance < 0 || distance >= Bands ? 0 : _column[distance] / _norms[Math.Min(Bands, Rounds - column) - 1];
    }

    /// <inheritdoc/>
    public override double Sensitivity(int minSeparation, int maxParticipations)
    {
        var count = MatrixSensitivity.Participations(Rounds, minSeparation, maxParticipations);
        if (!NormalizesColumns)
        {
            var column = new double[Rounds];
            _column.CopyTo(column, 0);
            return MatrixSensitivity.Toeplitz(column, minSeparation, maxParticipations);
        }

        if (count > 1 && minSeparation < Bands)
            throw new ArgumentException($"matrix strategy: {Bands} normalized bands, separation {minSeparation}, expected one of at least "
                + "the number of bands; use fewer bands, or columns that are not normalized", nameof(minSeparation));
        return Math.Sqrt(count);
    }

    internal override void Correlate(int step, float[][] buffers, Span<float> noise)
    {
        for (var i = Math.Min(step, Bands - 1); i > 0; i--)
            Add(noise, buffers[(step - i) % BufferCount], (float)-Coefficient(step, step - i));
        var scale = (float)(1 / Coefficient(step, step));
        if (scale != 1)
            for (var i = 0; i < noise.Length; i++) noise[i] *= scale;
        if (BufferCount > 0) noise.CopyTo(buffers[step % BufferCount]);
    }

    internal override void Describe(SealWriter writer)
    {
        writer.WriteByte(1);
        writer.WriteInt32(Rounds);
        writer.WriteByte(NormalizesColumns ? (byte)1 : (byte)0);
        foreach (var value in _column) writer.WriteDouble(value);
    }

    internal static void Add(Span<float> noise, ReadOnlySpan<float> other, float factor)
    {
        for (var i = 0; i < noise.Length; i++) noise[i] += factor * other[i];
    }
}
