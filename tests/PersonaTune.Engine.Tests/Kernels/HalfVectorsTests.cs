using PersonaTune.Engine.Kernels;

namespace PersonaTune.Engine.Tests.Kernels;

public unsafe class HalfVectorsTests
{
    [Fact]
    public void EveryHalfPatternIsWidenedExactly()
    {
        var from = new ushort[65536];
        for (var i = 0; i < from.Length; i++) from[i] = (ushort)i;
        float[] half = new float[65536], brain = new float[65536];
        fixed (ushort* source = from)
        fixed (float* toHalf = half, toBrain = brain)
        {
            HalfVectors.WidenHalf(source, toHalf, 65536);
            HalfVectors.WidenBrain(source, toBrain, 65536);
        }

        for (var i = 0; i < from.Length; i++)
        {
            var expected = (float)BitConverter.UInt16BitsToHalf((ushort)i);
            if (float.IsNaN(expected)) Assert.True(float.IsNaN(half[i]));
            else Assert.Equal(BitConverter.SingleToUInt32Bits(expected), BitConverter.SingleToUInt32Bits(half[i]));
            if (!float.IsNaN(expected)) Assert.Equal(expected, HalfTable.Values[i]);
            Assert.Equal((uint)i << 16, BitConverter.SingleToUInt32Bits(brain[i]));
        }
    }

    [Fact]
    public void EveryLengthIsWidenedAndNothingBeyond()
    {
        for (var count = 0; count <= 257; count++)
        {
            var from = new ushort[count + 1];
            Array.Fill(from, BitConverter.HalfToUInt16Bits((Half)1.5));
            float[] half = new float[count + 1], brain = new float[count + 1];
            fixed (ushort* source = from)
            fixed (float* toHalf = half, toBrain = brain)
            {
                HalfVectors.WidenHalf(source, toHalf, count);
                HalfVectors.WidenBrain(source, toBrain, count);
            }

            Assert.All(half[..count], v => Assert.Equal(1.5f, v));
            Assert.Equal(0, half[count]);
            Assert.Equal(0, brain[count]);
        }
    }

    [Fact]
    public void TheInnerProductAgreesWithFloat64AtEveryLength()
    {
        for (var count = 0; count <= 257; count++)
        {
            var a = KernelData.Floats(count + 1, 1);
            var b = KernelData.Floats(count + 1, 2);
            var expected = 0.0;
            for (var i = 0; i < count; i++) expected += (double)a[i] * b[i];
            fixed (float* pa = a, pb = b)
            {
                Assert.Equal(expected, FloatDot.Run(pa, pb, count), 1e-5);
                Assert.Equal(expected, FloatDot.Scalar(pa, pb, count), 1e-5);
            }
        }
    }
}
