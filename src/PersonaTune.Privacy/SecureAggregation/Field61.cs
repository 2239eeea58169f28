using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace PersonaTune.Privacy.SecureAggregation;

/// <summary>
/// The field of p = 2^61 - 1 elements, in which secrets are shared. Elements are integers in [0, p). No operation branches on
/// its operands or uses them as an address (the processor's multiplication is taken to be constant-time). Thread-safe.
/// </summary>
public static class Field61
{
    /// <summary>The prime p = 2^61 - 1.</summary>
    public const ulong Modulus = (1UL << 61) - 1;

    /// <summary>Whether <paramref name="value"/> is reduced, as every operand must be.</summary>
    public static bool IsElement(ulong value) => value < Modulus;

    /// <summary>a + b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Add(ulong a, ulong b) => SubtractOnce(a + b);

    /// <summary>a - b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Subtract(ulong a, ulong b) => SubtractOnce(a + (Modulus - b));

    /// <summary>a b. Since 2^61 = 1, the product's high part is added to its low 61 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Multiply(ulong a, ulong b)
    {
        var high = Math.BigMul(a, b, out var low);
        return SubtractOnce((low & Modulus) + ((low >> 61) | (high << 3)));
    }

    /// <summary>a^(p - 2), which is 1 / a, and 0 for 0.</summary>
    public static ulong Inverse(ulong a)
    {
        // p - 2 = 2^61 - 3: fifty-nine ones, a zero, a one.
        var power = a;
        for (var i = 1; i < 59; i++) power = Multiply(Multiply(power, power), a);
        power = Multiply(power, power);
        return Multiply(Multiply(power, power), a);
    }

    /// <summary>Uniform elements: 61 random bits each, drawn again in the one case of 2^61 that is not reduced.</summary>
    public static void Random(ISecretRandom random, Span<ulong> elements)
    {
        ArgumentNullException.ThrowIfNull(random);
        random.Fill(MemoryMarshal.AsBytes(elements));
        for (var i = 0; i < elements.Length; i++)
        {
            if (!BitConverter.IsLittleEndian) elements[i] = BinaryPrimitives.ReverseEndianness(elements[i]);
            elements[i] &= Modulus;
            if (elements[i] == Modulus) Random(random, elements.Slice(i, 1));
        }
    }

    // For values below 2 p.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong SubtractOnce(ulong value)
    {
        var reduced = value - Modulus;
        return reduced + (Modulus & (ulong)((long)reduced >> 63));
    }
}
