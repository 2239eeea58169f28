namespace PersonaTune.Device.Personalization;

/// <summary>
/// Compares two models on the same messages. The difference is taken message by message, so that hard and easy messages cancel; its
/// standard error treats messages (not tokens, which depend on each other) as the independent draws.
/// </summary>
/// <param name="RelativeDifference">(loss of the second - loss of the first) / loss of the first; negative when the second is better.</param>
/// <param name="StandardError">Standard error of that number; infinity below two messages.</param>
public readonly record struct PairedComparison(double RelativeDifference, double StandardError)
{
    /// <summary>Compares; both lists hold the same messages in the same order.</summary>
    /// <exception cref="ArgumentException">The lists differ in length.</exception>
    public static PairedComparison Of(IReadOnlyList<MessageScore> first, IReadOnlyList<MessageScore> second)
    {
        if (first.Count != second.Count) throw new ArgumentException($"expected {first.Count} scores, found {second.Count}", nameof(second));
        var a = MessageScore.Sum(first);
        var b = MessageScore.Sum(second);
        if (a.Messages == 0 || a.TotalNll <= 0) return new PairedComparison(0, double.PositiveInfinity);
        var relative = (b.TotalNll - a.TotalNll) / a.TotalNll;
        if (a.Messages < 2) return new PairedComparison(relative, double.PositiveInfinity);

        // Ratio estimator (Cochran, Sampling Techniques, 6.4): residuals d_i - R a_i around the ratio R of the two sums.
        var squares = 0.0;
        for (var i = 0; i < first.Count; i++)
        {
            var residual = second[i].Nll - first[i].Nll - relative * first[i].Nll;
            squares += residual * residual;
        }
        var n = (double)a.Messages;
        return new PairedComparison(relative, Math.Sqrt(squares * n / (n - 1)) / a.TotalNll);
    }
}
