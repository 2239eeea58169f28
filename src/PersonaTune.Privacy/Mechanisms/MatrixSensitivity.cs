namespace PersonaTune.Privacy.Mechanisms;

/// <summary>L2 sensitivities of strategy matrices when a record takes part in several steps. Thread-safe.</summary>
/// <remarks>
/// Participation: at most k steps, any two at least b apart (Choquette-Choo et al. 2023). Contributions are vectors of norm at most 1;
/// for matrices without negative entries the worst case is one and the same unit vector each time, so the sensitivity is the largest norm
/// of a sum of columns.
/// </remarks>
public static class MatrixSensitivity
{
    /// <summary>The largest number of steps of one record: min(k, 1 + (n - 1) / b).</summary>
    /// <param name="rounds">n.</param>
    /// <param name="minSeparation">b, at least 1.</param>
    /// <param name="maxParticipations">k, at least 1.</param>
    public static int Participations(int rounds, int minSeparation, int maxParticipations)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rounds);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(minSeparation);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxParticipations);
        return Math.Min(maxParticipations, 1 + ((rounds - 1) / minSeparation));
    }

    /// <summary>
    /// Exact for a lower-triangular Toeplitz matrix whose first column does not increase and has no negative entry: the steps 0, b, 2 b,
    /// ... are the worst (Kalinin and Lampert 2024, theorem 2).
    /// </summary>
    /// <param name="firstColumn">The first column; its length is n.</param>
    /// <param name="minSeparation">b.</param>
    /// <param name="maxParticipations">k.</param>
    public static double Toeplitz(ReadOnlySpan<double> firstColumn, int minSeparation, int maxParticipations)
    {
        RequireDecreasing(firstColumn);
        var count = Participations(firstColumn.Length, minSeparation, maxParticipations);
        double squares = 0;
        for (var row = 0; row < firstColumn.Length; row++)
        {
            double sum = 0;
            for (var i = 0; i < count && (long)i * minSeparation <= row; i++) sum += firstColumn[row - (i * minSeparation)];
            squares += sum * sum;
        }

        return Math.Sqrt(squares);
    }

    /// <summary>
    /// By trying every participation: exponential in n, meant for checks up to about 24 steps. Entries must not be negative.
    /// </summary>
    /// <param name="strategy">The matrix.</param>
    /// <param name="minSeparation">b.</param>
    /// <param name="maxParticipations">k.</param>
    public static double BruteForce(MatrixStrategy strategy, int minSeparation, int maxParticipations)
    {
        ArgumentNullException.ThrowIfNull(strategy);
        var left = Participations(strategy.Rounds, minSeparation, maxParticipations);
        return Math.Sqrt(Search(new double[strategy.Rounds], 0, left));

        double Search(double[] sum, int first, int participations)
        {
            var best = sum.Sum(v => v * v);
            for (var column = first; participations > 0 && column < sum.Length; column++)
            {
                var next = (double[])sum.Clone();
                for (var row = column; row < next.Length; row++) next[row] += strategy.Coefficient(row, column);
                best = Math.Max(best, Search(next, column + minSeparation, participations - 1));
            }

            return best;
        }
    }

    internal static void RequireDecreasing(ReadOnlySpan<double> column)
    {
        for (var i = 0; i < column.Length; i++)
            if (!(column[i] >= 0 && double.IsFinite(column[i]) && (i == 0 ? column[i] > 0 : column[i] <= column[i - 1])))
                throw new ArgumentException(FormattableString.Invariant(
                    $"matrix strategy: coefficient {i} is {column[i]}, expected 0 to the one before; use one that never rises"),
                    nameof(column));
    }
}
