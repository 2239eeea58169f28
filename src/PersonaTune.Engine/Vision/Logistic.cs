namespace PersonaTune.Engine.Vision;

/// <summary>A logistic curve of one variable between two groups (Platt 1999: targets are drawn a little towards the middle, so that separable groups give a finite slope).</summary>
internal static class Logistic
{
    /// <summary>Threshold and slope of P(first group | x) = 1 / (1 + exp(-slope (x - threshold))), both groups weighing the same; the slope is at least 1.</summary>
    public static (float Threshold, float Slope) Fit(IReadOnlyList<double> first, IReadOnlyList<double> second)
    {
        var all = first.Concat(second).ToArray();
        var mean = (first.Average() + second.Average()) / 2;
        var spread = Math.Max(1e-3, Math.Sqrt(all.Average(x => (x - mean) * (x - mean))));
        var rows = first.Select(x => (X: (x - mean) / spread, Target: (first.Count + 1.0) / (first.Count + 2), Weight: 1.0 / first.Count))
            .Concat(second.Select(x => (X: (x - mean) / spread, Target: 1.0 / (second.Count + 2), Weight: 1.0 / second.Count))).ToArray();
        double a = 1, b = 0;
        for (var step = 0; step < 100; step++)
        {
            // Newton's method with a small ridge.
            double ga = 1e-3 * a, gb = 0, haa = 1e-3 + 1e-9, hab = 0, hbb = 1e-9;
            foreach (var (x, target, weight) in rows)
            {
                var p = 1 / (1 + Math.Exp(-(a * x + b)));
                ga += weight * (p - target) * x;
                gb += weight * (p - target);
                var h = weight * Math.Max(1e-6, p * (1 - p));
                haa += h * x * x;
                hab += h * x;
                hbb += h;
            }

            var determinant = haa * hbb - hab * hab;
            var (da, db) = ((hbb * ga - hab * gb) / determinant, (haa * gb - hab * ga) / determinant);
            var scale = Math.Min(1, 5 / Math.Max(1e-12, Math.Max(Math.Abs(da), Math.Abs(db))));
            a -= scale * da;
            b -= scale * db;
            if (Math.Abs(da) + Math.Abs(db) < 1e-9) break;
        }

        var slope = Math.Max(1, a / spread);
        return ((float)(mean - b / slope), (float)slope);
    }
}
