using PersonaTune.Engine.Tensors;

namespace PersonaTune.Bench;

/// <summary>Operands for the benchmarks: random bits with scales of ordinary size.</summary>
internal static class RandomWeights
{
    public static float[] Floats(int count)
    {
        var random = new Random(1);
        var values = new float[count];
        for (var i = 0; i < count; i++) values[i] = (float)(random.NextDouble() - 0.5);
        return values;
    }

    public static WeightMatrix Create(TensorType type, int rows, int columns)
    {
        if (type == TensorType.F32) return WeightMatrix.FromFloats(Floats(rows * columns), rows, columns);
        var random = new Random(1);
        var bytes = new byte[rows * type.RowBytes(columns)];
        random.NextBytes(bytes);
        int[] scales = type switch
        {
            TensorType.Q6_K => [208],
            TensorType.Q4_1 or TensorType.Q5_1 or TensorType.Q4_K or TensorType.Q5_K => [0, 2],
            _ => [0],
        };
        var size = Math.Max(2, type.BlockBytes());
        for (var block = 0; block < bytes.Length; block += size)
            foreach (var at in scales)
                BitConverter.TryWriteBytes(bytes.AsSpan(block + at), BitConverter.HalfToUInt16Bits((Half)(0.001 + 0.01 * random.NextDouble())));
        return WeightMatrix.FromBytes(type, bytes, rows, columns);
    }
}
