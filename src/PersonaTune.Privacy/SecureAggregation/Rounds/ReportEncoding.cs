using System.Runtime.InteropServices;

namespace PersonaTune.Privacy.SecureAggregation.Rounds;

/// <summary>From a trained report to the words that are masked.</summary>
internal static class ReportEncoding
{
    /// <summary>The report's coordinates, checked, with this device's noise share, modulo 2^32.</summary>
    public static uint[] Encode(IRoundReport report, DevicePolicy policy, RoundConfiguration configuration)
    {
        // The words of negative numbers are right modulo 2^32 as two's complement, and so modulo 2^b: packing keeps the low b bits.
        var words = new uint[configuration.Dimension];
        var values = MemoryMarshal.Cast<uint, int>(words.AsSpan());
        report.Encode(configuration, values);
        var bound = configuration.CoordinateBound;
        foreach (var value in values)
        {
            if (value <= bound && value >= -bound) continue;
            throw new RefusalException(
                RefusalReason.ReportOutOfRange, "report",
                $"a coordinate has magnitude {Math.Abs((long)value)}, at most {bound} is allowed; clip it");
        }

        if (configuration.Noise != NoiseKind.None) policy.Noise!.AddTo(values, configuration.Noise, configuration.NoiseSigma);
        return words;
    }
}
