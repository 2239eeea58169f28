using System.Numerics;

namespace PersonaTune.Engine.Kernels;

/// <summary>
/// From 32-bit sums back to 8 bits: y = clamp(zero + round(sum factor)), in single precision with ties to even, as TensorFlow Lite's default delegate
/// (XNNPACK) rounds, whose outputs are reproduced bit by bit. The older fixed-point rule (Jacob et al. 2018) differs in the last bit of some values.
/// </summary>
internal readonly struct Requantization
{
    // Adding 1.5 x 2^23 rounds to an integer, ties to even, and leaves it in the low mantissa bits.
    private const float RoundingShift = 12_582_912f;
    private const int RoundingBits = 0x4B400000;

    private readonly float _factor;
    private readonly float _minimum;
    private readonly float _maximum;
    private readonly int _zero;

    /// <summary>For a real factor above 0 and a quantized range.</summary>
    public Requantization(float factor, int zero, int minimum, int maximum)
    {
        if (!(factor > 0 && float.IsFinite(factor))) throw new ArgumentOutOfRangeException(nameof(factor), factor, "a factor between scales must be above 0");
        (_factor, _zero, _minimum, _maximum) = (factor, zero, minimum - zero, maximum - zero);
    }

    /// <summary>One sum.</summary>
    public byte Apply(int sum) => Apply(sum, _factor);

    /// <summary>One sum at a factor of its own.</summary>
    public byte Apply(int sum, float factor) => (byte)(BitConverter.SingleToInt32Bits(Math.Clamp(sum * factor, _minimum, _maximum) + RoundingShift) - RoundingBits + _zero);

    /// <summary>y[i] of sums[i] + bias[i]; a null bias is zero; where <paramref name="factors"/> is not null, each i has its own.</summary>
    public unsafe void Apply(int* sums, int* bias, int count, byte* y, float* factors = null)
    {
        var i = 0;
        var (factor, minimum, maximum, shift) = (new Vector<float>(_factor), new Vector<float>(_minimum), new Vector<float>(_maximum), new Vector<float>(RoundingShift));
        var offset = new Vector<int>(_zero - RoundingBits);
        var values = stackalloc int[Vector<int>.Count];
        for (; i <= count - Vector<int>.Count; i += Vector<int>.Count)
        {
            var sum = Vector.Load(sums + i);
            if (bias is not null) sum += Vector.Load(bias + i);
            if (factors is not null) factor = Vector.Load(factors + i);
            var scaled = Vector.Min(Vector.Max(Vector.ConvertToSingle(sum) * factor, minimum), maximum) + shift;
            (Vector.AsVectorInt32(scaled) + offset).Store(values);
            for (var k = 0; k < Vector<int>.Count; k++) y[i + k] = (byte)values[k];
        }

        for (; i < count; i++) y[i] = Apply(sums[i] + (bias is null ? 0 : bias[i]), factors is null ? _factor : factors[i]);
    }
}
