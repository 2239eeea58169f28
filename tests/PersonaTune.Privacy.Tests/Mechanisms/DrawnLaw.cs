using PersonaTune.Privacy.Mechanisms;

namespace PersonaTune.Privacy.Tests.Mechanisms;

/// <summary>What the tables of a sampler draw, computed from the tables alone: their convolution, and their cumulants added up.</summary>
internal static class DrawnLaw
{
    public static double Probability(IntegerNoise noise, int x) => noise switch
    {
        DiscreteGaussianNoise gaussian => Gaussian(gaussian, 0, x),
        DiscreteLaplaceNoise laplace => Difference(laplace, Math.Abs(x)),
        SkellamNoise { Table: { } table } => Signed(table, x),
        _ => throw new ArgumentException("not made of tables", nameof(noise)),
    };

    public static (double Variance, double Fourth) Moments(IntegerNoise noise)
    {
        // Cumulants of independent summands add; those of a multiple scale with its power.
        double k2 = 0, k4 = 0, factor = 1;
        if (noise is DiscreteGaussianNoise gaussian)
        {
            foreach (var (table, multiplier) in gaussian.Parts)
            {
                Accumulate(table, centred: true);
                factor *= multiplier;
            }
        }
        else if (noise is DiscreteLaplaceNoise laplace)
        {
            foreach (var digit in laplace.Digits)
            {
                Accumulate(digit, centred: false);
                factor *= 256;
            }

            (k2, k4) = (2 * k2, 2 * k4);
        }

        return (k2, k4 + (3 * k2 * k2));

        void Accumulate(MagnitudeTable table, bool centred)
        {
            double mean = 0, second = 0, fourth = 0;
            if (!centred)
                for (var i = 0; i < table.Count; i++) mean += i * table.Probability(i);
            for (var i = 0; i < table.Count; i++)
            {
                var square = (i - mean) * (i - mean);
                second += square * table.Probability(i);
                fourth += square * square * table.Probability(i);
            }

            k2 += factor * factor * second;
            k4 += factor * factor * factor * factor * (fourth - (3 * second * second));
        }
    }

    private static double Signed(MagnitudeTable table, long x)
    {
        var magnitude = Math.Abs(x);
        return magnitude >= table.Count ? 0 : magnitude == 0 ? table.Probability(0) : 0.5 * table.Probability((int)magnitude);
    }

    private static double Gaussian(DiscreteGaussianNoise noise, int part, long x)
    {
        var (table, multiplier) = noise.Parts[part];
        if (part == noise.Parts.Count - 1) return Signed(table, x);
        double sum = 0;
        // x = y + multiplier z: every z for which y lies in the table.
        for (var z = -((table.Count - x) / multiplier) - 1; z <= ((table.Count + x) / multiplier) + 1; z++)
        {
            var y = x - (multiplier * z);
            if (Math.Abs(y) < table.Count) sum += Signed(table, y) * Gaussian(noise, part + 1, z);
        }

        return sum;
    }

    private static double Difference(DiscreteLaplaceNoise noise, int x)
    {
        double sum = 0;
        for (var g = 0; g + x <= noise.LargestMagnitude; g++) sum += Geometric(noise, g) * Geometric(noise, g + x);
        return sum;
    }

    private static double Geometric(DiscreteLaplaceNoise noise, int g)
    {
        var probability = 1.0;
        for (var d = 0; d < noise.Digits.Count; d++)
        {
            var digit = d == noise.Digits.Count - 1 ? g : g & 255;
            g >>= 8;
            probability *= digit < noise.Digits[d].Count ? noise.Digits[d].Probability(digit) : 0;
        }

        return probability;
    }
}
