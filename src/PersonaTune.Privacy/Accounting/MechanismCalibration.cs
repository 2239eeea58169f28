namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// Finds how much a mechanism may reveal within a budget, for any accountant: brackets the answer by doubling or halving, then bisects. The
/// value returned always lies on the private side, and the exact answer at most the tolerance beyond it.
/// </summary>
/// <remarks>
/// Epsilon must fall as noise grows and rise with the sampling probability and the count, as it does for every bound here.
/// </remarks>
public static class MechanismCalibration
{
    // Beyond these a target is out of reach for any practical mechanism, and the search would not end.
    private const double LeastNoise = 1.0 / (1 << 20);
    private const double MostNoise = 1L << 40;

    /// <summary>The smallest noise within the budget.</summary>
    /// <param name="accountant">Makes an accountant to which nothing has been composed.</param>
    /// <param name="mechanism">What is released with a given noise parameter; more noise is more private.</param>
    /// <param name="budget">Target epsilon and delta.</param>
    /// <param name="tolerance">Largest distance of the answer above the exact one.</param>
    /// <exception cref="CalibrationException">No noise up to 2^40 meets the budget.</exception>
    public static CalibrationResult SmallestNoise(
        Func<IPrivacyAccountant> accountant, Func<double, PrivacyEvent> mechanism, EpsilonDeltaEvent budget, double tolerance = 1e-6)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tolerance);
        var search = new Search(accountant, budget, (noise, target) => target.Compose(mechanism(noise)));
        var (enough, tooLittle) = (1.0, 0.5);
        if (search.Within(enough))
        {
            while (tooLittle > LeastNoise && search.Within(tooLittle)) (enough, tooLittle) = (tooLittle, tooLittle / 2);
        }
        else
        {
            do
            {
                (tooLittle, enough) = (enough, 2 * enough);
                if (enough > MostNoise) throw search.Unreachable("noise", tooLittle);
            }
            while (!search.Within(enough));
        }

        return search.Bisect(enough, tooLittle, tolerance);
    }

    /// <summary>The largest sampling probability within the budget.</summary>
    /// <param name="accountant">Makes an accountant to which nothing has been composed.</param>
    /// <param name="mechanism">What is released with a given sampling probability; a smaller one is more private.</param>
    /// <param name="budget">Target epsilon and delta.</param>
    /// <param name="tolerance">Largest distance of the answer below the exact one.</param>
    /// <returns>A probability; 1 if the budget is never exceeded.</returns>
    /// <exception cref="CalibrationException">Not even a probability of the tolerance meets the budget.</exception>
    public static CalibrationResult LargestSamplingProbability(
        Func<IPrivacyAccountant> accountant, Func<double, PrivacyEvent> mechanism, EpsilonDeltaEvent budget, double tolerance = 1e-9)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tolerance);
        var search = new Search(accountant, budget, (q, target) => target.Compose(mechanism(q)));
        if (search.Within(1)) return search.Result(1);
        var found = search.Bisect(0, 1, tolerance);
        return found.Value > 0 ? found : throw search.Unreachable("sampling probability", tolerance);
    }

    /// <summary>The largest number of repetitions within the budget.</summary>
    /// <param name="accountant">Makes an accountant to which nothing has been composed.</param>
    /// <param name="mechanism">What is released once.</param>
    /// <param name="budget">Target epsilon and delta.</param>
    /// <param name="most">The most to look for; returned if it is within the budget.</param>
    /// <returns>A whole number, 0 if not even one repetition is within the budget.</returns>
    public static CalibrationResult LargestCount(
        Func<IPrivacyAccountant> accountant, PrivacyEvent mechanism, EpsilonDeltaEvent budget, long most = 1L << 40)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(most);
        var search = new Search(accountant, budget, (count, target) => target.Compose(mechanism, (long)count));
        if (most == 0) return search.Result(0);
        // Upwards from one, because accountants take longer for larger counts.
        long holds = 0, fails = 1;
        while (search.Within(fails))
        {
            if (fails == most) return search.Result(most);
            (holds, fails) = (fails, Math.Min(most, 2 * fails));
        }

        while (fails - holds > 1)
        {
            var middle = holds + ((fails - holds) / 2);
            if (search.Within(middle)) holds = middle;
            else fails = middle;
        }

        return search.Result(holds);
    }

    private sealed class Search(Func<IPrivacyAccountant> accountant, EpsilonDeltaEvent budget, Action<double, IPrivacyAccountant> compose)
    {
        private double _lastEpsilon;

        public bool Within(double value) => Epsilon(value) <= budget.Epsilon;

        public CalibrationResult Bisect(double holds, double fails, double tolerance)
        {
            while (Math.Abs(fails - holds) > tolerance)
            {
                var middle = (holds + fails) / 2;
                if (middle == holds || middle == fails) break;
                if (Within(middle)) holds = middle;
                else fails = middle;
            }

            return Result(holds);
        }

        public CalibrationResult Result(double value) => new(value, Epsilon(value));

        public CalibrationException Unreachable(string parameter, double tried) => new(parameter, tried, _lastEpsilon, budget);

        private double Epsilon(double value)
        {
            var target = accountant();
            compose(value, target);
            return _lastEpsilon = target.GetEpsilon(budget.Delta);
        }
    }
}
