using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.Mechanisms;

/// <summary>
/// A lower-triangular strategy matrix C for prefix sums A = B C: the mechanism adds (C^-1 z) to the sums of the steps, z independent
/// Gaussian (DP matrix factorization; Denisov et al. 2022, Choquette-Choo et al. 2023). Immutable and thread-safe.
/// </summary>
public abstract class MatrixStrategy
{
    private protected MatrixStrategy(int rounds)
    {
        if (rounds < 1) throw new ArgumentOutOfRangeException(nameof(rounds), rounds,
            $"matrix strategy: {rounds} rounds, expected at least 1");
        Rounds = rounds;
    }

    /// <summary>Number n of steps that the strategy is made for; the noise ends there.</summary>
    public int Rounds { get; }

    /// <summary>True if every diagonal of C is constant.</summary>
    internal abstract bool IsToeplitz { get; }

    /// <summary>Number of nonzero diagonals.</summary>
    internal abstract int Bands { get; }

    /// <summary>Number of vectors that the stream keeps.</summary>
    internal abstract int BufferCount { get; }

    /// <summary>The entry C(row, column), both from 0.</summary>
    public abstract double Coefficient(int row, int column);

    /// <summary>
    /// The L2 sensitivity of C for contributions of norm at most 1: the largest norm of a sum of columns of C in which a record may take
    /// part.
    /// </summary>
    /// <param name="minSeparation">b: two steps of one record are at least b apart, at least 1.</param>
    /// <param name="maxParticipations">k: steps of one record, at least 1.</param>
    /// <exception cref="ArgumentException">The strategy has no exact formula for this participation.</exception>
    public abstract double Sensitivity(int minSeparation, int maxParticipations);

    /// <summary>
    /// The root of the mean over steps of the variance of the noise in the prefix sums, for z of variance 1 (not yet multiplied by the
    /// sensitivity). Takes time n^2 for constant diagonals, n^2 times the number of bands otherwise.
    /// </summary>
    public double PrefixRmse()
    {
        double total = 0;
        var columns = IsToeplitz ? 1 : Rounds;
        for (var column = 0; column < columns; column++)
        {
            double prefix = 0;
            var inverse = InverseColumn(column);
            for (var row = column; row < Rounds; row++)
            {
                prefix += inverse[row];
                // A constant diagonal: the same value stands in every later column that still has a row for it.
                total += prefix * prefix * (IsToeplitz ? Rounds - row : 1);
            }
        }

        return Math.Sqrt(total / Rounds);
    }

    /// <summary>A column of C^-1 by forward substitution.</summary>
    internal double[] InverseColumn(int column)
    {
        var values = new double[Rounds];
        for (var row = column; row < Rounds; row++)
        {
            double sum = row == column ? 1 : 0;
            for (var i = Math.Max(column, row - Bands + 1); i < row; i++) sum -= Coefficient(row, i) * values[i];
            values[row] = sum / Coefficient(row, row);
        }

        return values;
    }

    /// <summary>
    /// Turns the independent noise of step <paramref name="step"/> in <paramref name="noise"/> into that of C^-1 z and updates the buffers.
    /// </summary>
    internal abstract void Correlate(int step, float[][] buffers, Span<float> noise);

    /// <summary>Writes what tells this strategy from others.</summary>
    internal abstract void Describe(SealWriter writer);
}
