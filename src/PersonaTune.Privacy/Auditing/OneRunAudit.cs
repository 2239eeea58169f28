namespace PersonaTune.Privacy.Auditing;

/// <summary>
/// Auditing a training procedure with one run (Steinke, Nasr and Jagielski 2023, "Privacy Auditing with One (1) Training Run"): each of m canaries
/// is included by a fair coin of its own; the auditor sees what the run gives out and guesses for r of them whether they were included. If the
/// run is (epsilon, delta)-private under adding or removing one canary, v or more right guesses are improbable; so many right guesses prove a
/// lower bound on epsilon. Thread-safe.
/// </summary>
/// <remarks>
/// The bound is statistical: it exceeds the true epsilon with probability at most the stated significance, over the coins and the run. A low
/// bound proves nothing: better canaries or better guesses may exist. The coins must be independent of everything else, and the guesses may depend
/// on the run's output only.
/// </remarks>
public static class OneRunAudit
{
    /// <summary>
    /// The largest probability with which any (epsilon, delta)-private run leads to at least <paramref name="correct"/> right guesses out of
    /// <paramref name="guesses"/> about <paramref name="canaries"/> canaries (theorem 5.2 there).
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The counts do not fit each other, or epsilon or delta are out of range.</exception>
    public static double PValue(int canaries, int guesses, int correct, double epsilon, double delta)
    {
        Check(canaries, guesses, correct, delta);
        if (!(epsilon >= 0)) throw new ArgumentOutOfRangeException(nameof(epsilon), epsilon, "expected 0 or more");
        var law = new BinomialLaw(guesses, 1 / (1 + Math.Exp(-epsilon)));
        // Delta lets some of the probability just below v move up to v: at the best rate that any number i of guesses gives.
        double moved = 0, rate = 0;
        for (var i = 1; i <= correct; i++)
        {
            moved += law.Probability(correct - i);
            rate = Math.Max(rate, moved / i);
        }

        return Math.Min(1, law.UpperTail(correct) + (rate * delta * 2 * canaries));
    }

    /// <summary>
    /// The largest epsilon that so many right guesses refute at <paramref name="significance"/>, and so a lower bound on the epsilon of what was
    /// run; 0 if not even epsilon 0 is refuted. Found by bisection to 1e-9.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The counts do not fit each other, or a probability is out of range.</exception>
    public static double EpsilonLowerBound(int canaries, int guesses, int correct, double delta, double significance)
    {
        Check(canaries, guesses, correct, delta);
        CheckSignificance(significance);
        bool Refuted(double epsilon) => PValue(canaries, guesses, correct, epsilon, delta) < significance;
        if (guesses == 0 || !Refuted(0)) return 0;
        double low = 0, high = 1;
        while (Refuted(high)) (low, high) = (high, high * 2);
        while (high - low > 1e-9)
        {
            var middle = (low + high) / 2;
            if (Refuted(middle)) low = middle;
            else high = middle;
        }

        return low;
    }

    /// <summary>
    /// Guesses from scores: the highest are guessed included, the lowest excluded, half of the guesses each; the rest are left out. More than one
    /// number of guesses may be tried: the significance is shared among them (Bonferroni), and the best bound is returned.
    /// </summary>
    /// <param name="included">Each canary's coin.</param>
    /// <param name="scores">Each canary's score; a higher one speaks for inclusion, for example how much lower its loss is than expected.</param>
    /// <param name="delta">The delta of the claim.</param>
    /// <param name="significance">The probability with which the bound may be wrong, for example 0.05.</param>
    /// <param name="guessCounts">The numbers of guesses to try, chosen without looking at the coins; none means one guess a canary.</param>
    /// <exception cref="ArgumentException">The lengths differ, a score is not a number, or a count is out of range.</exception>
    public static OneRunAuditResult Evaluate(ReadOnlySpan<bool> included, ReadOnlySpan<double> scores, double delta, double significance,
        params ReadOnlySpan<int> guessCounts)
    {
        if (included.Length != scores.Length || included.Length == 0)
            throw new ArgumentException($"one-run audit: {included.Length} coins and {scores.Length} scores, expected as many, and at least one", nameof(scores));
        CheckSignificance(significance);
        for (var i = 0; i < scores.Length; i++)
            if (double.IsNaN(scores[i])) throw new ArgumentException($"one-run audit: the score of canary {i} is not a number", nameof(scores));
        var order = Enumerable.Range(0, scores.Length).ToArray();
        var keys = scores.ToArray();
        Array.Sort(keys, order); // ties fall somewhere: the coins are independent of the order of canaries
        ReadOnlySpan<int> counts = guessCounts.IsEmpty ? [included.Length] : guessCounts;
        OneRunAuditResult? best = null;
        foreach (var guesses in counts)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(guesses, 1, nameof(guessCounts));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(guesses, included.Length, nameof(guessCounts));
            var correct = 0;
            for (var i = 0; i < guesses / 2; i++) correct += included[order[i]] ? 0 : 1;
            for (var i = 0; i < guesses - (guesses / 2); i++) correct += included[order[^(i + 1)]] ? 1 : 0;
            var bound = EpsilonLowerBound(included.Length, guesses, correct, delta, significance / counts.Length);
            if (best is null || bound > best.EpsilonLowerBound) best = new OneRunAuditResult(included.Length, guesses, correct, bound, delta, significance);
        }

        return best!;
    }

    /// <summary>
    /// The whole game against any trainer: tosses the coins, lets <paramref name="trainAndScore"/> train with the included canaries and score all of
    /// them, and evaluates. The coins come from the system's generator unless <paramref name="coins"/> are given (for repeatable tests).
    /// </summary>
    /// <param name="canaries">The number m of canaries.</param>
    /// <param name="trainAndScore">Gets which canaries to include, returns a score for each canary.</param>
    /// <param name="delta">The delta of the claim.</param>
    /// <param name="significance">The probability with which the bound may be wrong.</param>
    /// <param name="guessCounts">See <see cref="Evaluate"/>.</param>
    /// <param name="coins">The coins, or null.</param>
    /// <param name="cancellationToken">Passed on to the trainer.</param>
    public static async Task<OneRunAuditResult> RunAsync(int canaries, Func<IReadOnlyList<bool>, CancellationToken, Task<IReadOnlyList<double>>> trainAndScore,
        double delta, double significance, IReadOnlyList<int>? guessCounts = null, IReadOnlyList<bool>? coins = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(trainAndScore);
        ArgumentOutOfRangeException.ThrowIfLessThan(canaries, 1);
        bool[] tossed = coins is null ? Toss(canaries) : [.. coins];
        if (tossed.Length != canaries) throw new ArgumentException($"one-run audit: {tossed.Length} coins for {canaries} canaries, expected one each", nameof(coins));
        var scores = await trainAndScore(tossed, cancellationToken).ConfigureAwait(false);
        return Evaluate(tossed, [.. scores], delta, significance, [.. guessCounts ?? []]);
    }

    private static bool[] Toss(int count)
    {
        var bytes = System.Security.Cryptography.RandomNumberGenerator.GetBytes((count + 7) / 8);
        return [.. Enumerable.Range(0, count).Select(i => (bytes[i / 8] >> (i % 8) & 1) != 0)];
    }

    private static void Check(int canaries, int guesses, int correct, double delta)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(canaries, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(guesses);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(guesses, canaries);
        ArgumentOutOfRangeException.ThrowIfNegative(correct);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(correct, guesses);
        if (!(delta is >= 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(delta), delta, "expected 0 to 1");
    }

    private static void CheckSignificance(double significance)
    {
        if (!(significance is > 0 and < 1)) throw new ArgumentOutOfRangeException(nameof(significance), significance, "expected above 0 and below 1");
    }
}
