namespace PersonaTune.Privacy.SecureAggregation;

/// <summary>The number of marked items among <paramref name="Drawn"/> drawn without replacement from <paramref name="Total"/>, of which <paramref name="Marked"/> are marked.</summary>
internal readonly record struct Hypergeometric(int Total, int Marked, int Drawn)
{
    private int Least => Math.Max(0, Marked + Drawn - Total);

    private int Most => Math.Min(Marked, Drawn);

    /// <summary>P(X &lt; x), summed over the lower tail only, so that tiny probabilities keep their relative accuracy.</summary>
    public double Below(int x)
    {
        double sum = 0;
        var mass = Mass(Least);
        for (var i = Least; i < Math.Min(x, Most + 1); i++)
        {
            sum += mass;
            mass = Next(mass, i);
        }

        return sum;
    }

    /// <summary>The largest r with P(X &lt; r) &lt; q: at least r, except with a probability below q.</summary>
    public int LowerQuantile(double q)
    {
        double sum = 0;
        var mass = Mass(Least);
        for (var r = Least; r <= Most; r++)
        {
            sum += mass;
            if (sum >= q) return r;
            mass = Next(mass, r);
        }

        return Most;
    }

    /// <summary>The smallest r with P(X &gt; r) &lt; q: at most r, except with a probability below q.</summary>
    public int UpperQuantile(double q) => Drawn - (this with { Marked = Total - Marked }).LowerQuantile(q);

    /// <summary>ln C(n, k).</summary>
    public static double LogBinomial(int n, int k) => LogFactorial(n) - LogFactorial(k) - LogFactorial(n - k);

    private double Mass(int x) =>
        Math.Exp(LogBinomial(Marked, x) + LogBinomial(Total - Marked, Drawn - x) - LogBinomial(Total, Drawn));

    // The mass at x + 1 from that at x; a mass that has (nearly) underflowed has no digits left to continue from.
    private double Next(double mass, int x)
    {
        if (x >= Most) return 0;
        return mass < 1e-290 ? Mass(x + 1) : mass * ((double)(Marked - x) * (Drawn - x)) / ((double)(x + 1) * (Total - Marked - Drawn + x + 1));
    }

    // Stirling's series; below 16 the product is exact enough.
    private static double LogFactorial(int n)
    {
        if (n < 16)
        {
            double product = 1;
            for (var i = 2; i <= n; i++) product *= i;
            return Math.Log(product);
        }

        var x = n + 1.0;
        var inverse = 1 / (x * x);
        return (x - 0.5) * Math.Log(x) - x + 0.5 * Math.Log(2 * Math.PI)
            + (1.0 / 12 - inverse * (1.0 / 360 - inverse * (1.0 / 1260 - inverse / 1680))) / x;
    }
}
