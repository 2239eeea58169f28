using System.Buffers.Binary;
using System.Numerics;
using FsCheck;
using FsCheck.Fluent;
using PersonaTune.Privacy.SecureAggregation;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Primitives;

public class Field61Tests
{
    private const ulong P = Field61.Modulus;

    // Random elements, and often the ones next to the ends of the range and of the Mersenne folding.
    internal static Gen<ulong> Element { get; } = Gen.Frequency(
        (3, ArbMap.Default.GeneratorFor<ulong>().Select(v => v % P)),
        (1, Gen.Elements<ulong>(0, 1, 2, P - 1, P - 2, P / 2, P / 2 + 1, 1UL << 32, (1UL << 32) - 1, 1UL << 60, (1UL << 56) - 1)));

    [Fact]
    public void Arithmetic_is_that_of_integers_modulo_p() =>
        Prop.ForAll(Element.ToArbitrary(), Element.ToArbitrary(), (a, b) =>
            Field61.Add(a, b) == (ulong)(((BigInteger)a + b) % P)
            && Field61.Subtract(a, b) == (ulong)(((BigInteger)a + P - b) % P)
            && Field61.Multiply(a, b) == (ulong)((BigInteger)a * b % P))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(2000));

    [Fact]
    public void The_field_axioms_hold() =>
        Prop.ForAll(Element.ToArbitrary(), Element.ToArbitrary(), Element.ToArbitrary(), (a, b, c) =>
            Field61.Multiply(a, Field61.Add(b, c)) == Field61.Add(Field61.Multiply(a, b), Field61.Multiply(a, c))
            && Field61.Multiply(Field61.Multiply(a, b), c) == Field61.Multiply(a, Field61.Multiply(b, c))
            && Field61.Add(Field61.Subtract(a, b), b) == a)
            .Check(Config.QuickThrowOnFailure.WithMaxTest(1000));

    [Fact]
    public void An_element_times_its_inverse_is_one() =>
        Prop.ForAll(Element.ToArbitrary(), a =>
            Field61.Inverse(a) == (ulong)BigInteger.ModPow(a, P - 2, P) && (a == 0 || Field61.Multiply(a, Field61.Inverse(a)) == 1))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(1000));

    [Fact]
    public void The_modulus_is_not_an_element()
    {
        Assert.Equal(2305843009213693951UL, P); // 2^61 - 1
        Assert.True(Field61.IsElement(P - 1));
        Assert.False(Field61.IsElement(P));
        Assert.False(Field61.IsElement(ulong.MaxValue));
        Assert.Equal(0UL, Field61.Inverse(0));
    }

    [Fact]
    public void A_random_element_is_drawn_again_when_it_is_not_reduced()
    {
        static byte[] Bytes(params ulong[] values)
        {
            var bytes = new byte[8 * values.Length];
            for (var i = 0; i < values.Length; i++) BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8 * i), values[i]);
            return bytes;
        }

        var random = new ScriptedRandom(Bytes(5, P, ulong.MaxValue - 1), Bytes(ulong.MaxValue), Bytes(7));
        var elements = new ulong[3];
        Field61.Random(random, elements);
        Assert.Equal([5, 7, P - 1], elements);
        Assert.Equal(3, random.Calls);
    }
}
