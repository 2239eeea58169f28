using PersonaTune.Engine.Formats;

namespace PersonaTune.Engine.Lora;

/// <summary>Builds a pair from the two tensors of a file, checking what every format must hold.</summary>
internal static class LoraTensors
{
    /// <exception cref="FileFormatException">The shapes do not form a pair, or a number is not finite.</exception>
    public static LoraPair Pair(string subject, string name, (long Rows, long Columns) shapeA, (long Rows, long Columns) shapeB,
        float[] a, float[] b, Func<int, float> scale, float[]? magnitude = null)
    {
        if (shapeA.Rows is < 1 or > 512 || shapeA.Columns is < 1 or > int.MaxValue || shapeB.Rows is < 1 or > int.MaxValue || shapeB.Columns != shapeA.Rows)
            throw new FileFormatException(subject, $"'{name}' needs lora_a (rank, inputs) and lora_b (outputs, rank) with one rank of 1 to 512, found "
                + $"({shapeA.Rows}, {shapeA.Columns}) and ({shapeB.Rows}, {shapeB.Columns})");
        var factor = scale((int)shapeA.Rows);
        if (!float.IsFinite(factor)) throw new FileFormatException(subject, $"the scale of '{name}' is not finite");
        if (!AllFinite(a) || !AllFinite(b)) throw new FileFormatException(subject, $"'{name}' contains a number that is not finite");
        if (magnitude is not null && (magnitude.Length != shapeB.Rows || !AllFinite(magnitude)))
            throw new FileFormatException(subject, $"'{name}' needs {shapeB.Rows} finite magnitudes, found {magnitude.Length} values");
        return new LoraPair((int)shapeA.Rows, (int)shapeA.Columns, (int)shapeB.Rows, factor, a, b, magnitude);
    }

    /// <summary>Refuses to write what no reader takes.</summary>
    /// <exception cref="AdapterMismatchException">The pair's rank is above 512, as a sum of many adapters may have.</exception>
    public static void DemandRank(LoraPair pair, string name)
    {
        if (pair.Rank > 512) throw new AdapterMismatchException("adapter", $"has rank {pair.Rank} on {name} but a file holds up to 512; merge it into the model instead");
    }

    /// <summary>Refuses to write for other programs what this library's readers refuse.</summary>
    /// <exception cref="AdapterMismatchException">The pair's rank is above 512, or a number is not finite.</exception>
    public static void DemandExportable(LoraPair pair, string name)
    {
        DemandRank(pair, name);
        if (!float.IsFinite(pair.Scale) || !AllFinite(pair.A) || !AllFinite(pair.B) || (pair.Magnitude is { } magnitude && !AllFinite(magnitude)))
            throw new AdapterMismatchException("adapter", $"has a number on {name} that is not finite; its training diverged, so train it again with a lower learning rate");
    }

    private static bool AllFinite(float[] values)
    {
        foreach (var value in values)
            if (!float.IsFinite(value)) return false;
        return true;
    }
}
