namespace PersonaTune.Privacy.Accounting;

/// <summary>Bisection on the real line.</summary>
internal static class PldRoot
{
    /// <summary>
    /// The point at which a predicate that holds up to some point stops holding, to the last bit: the smallest double found for which it
    /// fails. It is taken to fail at <paramref name="high"/>.
    /// </summary>
    public static double LastAbove(Func<double, bool> holds, double low, double high)
    {
        while (true)
        {
            var middle = low + (high - low) / 2;
            if (middle <= low || middle >= high) return high;
            if (holds(middle)) low = middle;
            else high = middle;
        }
    }

    /// <summary>The argument in [low, high] that minimises a unimodal function, by golden section.</summary>
    public static double Minimise(Func<double, double> function, double low, double high, int steps)
    {
        const double Ratio = 0.61803398874989484820;
        double a = high - Ratio * (high - low), b = low + Ratio * (high - low);
        double atA = function(a), atB = function(b);
        for (var step = 0; step < steps; step++)
        {
            if (atA <= atB)
            {
                (high, b, atB) = (b, a, atA);
                atA = function(a = high - Ratio * (high - low));
            }
            else
            {
                (low, a, atA) = (a, b, atB);
                atB = function(b = low + Ratio * (high - low));
            }
        }
        return atA <= atB ? a : b;
    }
}
