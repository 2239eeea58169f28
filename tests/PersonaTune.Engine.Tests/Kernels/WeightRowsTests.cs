using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Quantization;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Tests.Kernels;

public unsafe class WeightRowsTests
{
    public static TheoryData<TensorType> AllTypes => KernelData.AllTypes;

    [Theory]
    [MemberData(nameof(AllTypes))]
    public void RowsAreDecodedBitForBitAsTheCodecDoes(TensorType type)
    {
        // Random bytes are valid blocks of every type; where a scale is no number, neither side has to be one.
        var columns = Math.Max(32, type.BlockSize()) * 4;
        var bytes = new byte[64 * type.RowBytes(columns)];
        new Random(1).NextBytes(bytes);
        var w = WeightMatrix.FromBytes(type, bytes, 64, columns);
        float[] expected = new float[columns], actual = new float[columns];
        for (var n = 0; n < w.Rows; n++)
        {
            BlockCodec.Decode(type, w.RowsBytes(n, 1), expected);
            fixed (float* buffer = actual)
            {
                var row = WeightRows.Read(w, n, 0, columns, buffer);
                for (var i = 0; i < columns; i++)
                    if (float.IsFinite(expected[i]) || float.IsInfinity(expected[i]))
                        Assert.True(expected[i].Equals(row[i]) || float.IsNaN(row[i]) && !float.IsFinite(expected[i]), $"{type} row {n} column {i}: {expected[i]:R} {row[i]:R}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(AllTypes))]
    public void APartOfARowIsThePartOfTheWhole(TensorType type)
    {
        var unit = type.BlockSize();
        var w = KernelData.Weights(type, 3, unit * 4, 1);
        var whole = KernelData.Decoded(w);
        var buffer = stackalloc float[unit * 2];
        var part = WeightRows.Read(w, 2, unit, unit * 2, buffer);
        for (var i = 0; i < unit * 2; i++) Assert.Equal(whole[2 * unit * 4 + unit + i], part[i]);
    }
}
