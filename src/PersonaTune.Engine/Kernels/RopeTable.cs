using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Kernels;

/// <summary>
/// Cosines and sines of the rotary embedding (Su et al. 2021) for positions 0 to <see cref="Positions"/> - 1. Pair i of position p
/// turns by p theta^(-2i/d), with the frequencies changed by the configured scaling. Immutable and thread-safe.
/// </summary>
public sealed class RopeTable
{
    /// <summary>Computes the table for a model.</summary>
    /// <exception cref="ArgumentException">The head length is odd or the scaling factors do not fit it.</exception>
    public RopeTable(DecoderConfig config, int positions)
        : this(positions, config.HeadLength, config.RopeTheta, config.RopeStyle, config.RopeScaling)
    {
    }

    /// <summary>Computes the table from its numbers.</summary>
    /// <exception cref="ArgumentException">The head length is odd or the scaling factors do not fit it.</exception>
    public RopeTable(int positions, int headLength, float theta, RopeStyle style, RopeScaling? scaling)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(positions);
        if (headLength <= 0 || headLength % 2 != 0)
            throw new ArgumentException($"rotary embedding pairs the elements of a head, which needs an even head length; found {headLength}", nameof(headLength));
        (Positions, HeadLength, Style) = (positions, headLength, style);
        var frequencies = Frequencies(headLength, theta, scaling);
        var pairs = headLength / 2;
        Width = style == RopeStyle.AdjacentPairs ? headLength : pairs;
        Cos = new float[checked(positions * Width)];
        Sin = new float[positions * Width];
        for (var p = 0; p < positions; p++)
            for (var i = 0; i < pairs; i++)
            {
                var (sin, cos) = Math.SinCos(p * frequencies[i]);
                if (style == RopeStyle.AdjacentPairs)
                {
                    var at = p * Width + 2 * i;
                    Cos[at] = Cos[at + 1] = (float)cos;
                    Sin[at] = (float)-sin;
                    Sin[at + 1] = (float)sin;
                }
                else
                {
                    Cos[p * Width + i] = (float)cos;
                    Sin[p * Width + i] = (float)sin;
                }
            }
    }

    /// <summary>Positions that the table covers.</summary>
    public int Positions { get; }

    /// <summary>Width of one head.</summary>
    public int HeadLength { get; }

    /// <summary>Which elements are paired.</summary>
    public RopeStyle Style { get; }

    /// <summary>Row width of <see cref="Cos"/> and <see cref="Sin"/>: the head for adjacent pairs (each value twice, the sine of the
    /// even element negated, so that one multiplication by the swapped pair rotates), half the head otherwise.</summary>
    internal int Width { get; }

    internal float[] Cos { get; }

    internal float[] Sin { get; }

    /// <summary>Radians a position for each pair, after scaling.</summary>
    internal static double[] Frequencies(int headLength, float theta, RopeScaling? scaling)
    {
        var frequencies = new double[headLength / 2];
        if (scaling?.Factors is { } factors && factors.Length != frequencies.Length)
            throw new ArgumentException($"rope scaling has {factors.Length} factors but a head has {frequencies.Length} pairs", nameof(scaling));
        for (var i = 0; i < frequencies.Length; i++)
        {
            var frequency = Math.Pow(theta, -2.0 * i / headLength);
            frequencies[i] = scaling switch
            {
                null => frequency,
                { Factors: { } each } => frequency / each[i],
                { Kind: RopeScalingKind.Linear } => frequency / scaling.Factor,
                { Kind: RopeScalingKind.Llama3 } => Llama3(frequency, scaling),
                _ => throw new ArgumentException("rope scaling by factors needs the factors", nameof(scaling)),
            };
        }

        return frequencies;
    }

    private static double Llama3(double frequency, RopeScaling scaling)
    {
        // Turns within the original context: few turns are stretched, many are kept, a linear ramp between.
        var turns = scaling.OriginalContextLength * frequency / (2 * Math.PI);
        if (turns > scaling.HighFrequencyFactor) return frequency;
        if (turns < scaling.LowFrequencyFactor) return frequency / scaling.Factor;
        var keep = (turns - scaling.LowFrequencyFactor) / (scaling.HighFrequencyFactor - scaling.LowFrequencyFactor);
        return (1 - keep) * frequency / scaling.Factor + keep * frequency;
    }
}
