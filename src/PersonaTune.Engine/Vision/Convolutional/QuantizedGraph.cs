using PersonaTune.Engine.Formats;

namespace PersonaTune.Engine.Vision.Convolutional;

/// <summary>
/// A checked chain of 8-bit operators on one picture; constants stay in the mapped file. Immutable and thread-safe for reading.
/// </summary>
internal sealed class QuantizedGraph(MappedMemory memory, IReadOnlyList<GraphTensor> tensors, IReadOnlyList<GraphOperator> operators, int input, int output)
    : IDisposable
{
    public string Subject => memory.Subject;

    public IReadOnlyList<GraphTensor> Tensors => tensors;

    /// <summary>In order of execution.</summary>
    public IReadOnlyList<GraphOperator> Operators => operators;

    public int Input => input;

    public int Output => output;

    public string Digest { get; } = memory.Sha256();

    /// <summary>A copy of an 8-bit constant; int8 values with 128 added, as their zero point is.</summary>
    public byte[] Constant(int tensor)
    {
        var values = memory.Span(tensors[tensor].DataOffset, tensors[tensor].Count).ToArray();
        if (tensors[tensor].Element == GraphElement.Int8)
            for (var i = 0; i < values.Length; i++) values[i] ^= 0x80;
        return values;
    }

    public int[] Integers(int tensor)
    {
        var bytes = memory.Span(tensors[tensor].DataOffset, tensors[tensor].Count * 4);
        var values = new int[tensors[tensor].Count];
        for (var i = 0; i < values.Length; i++) values[i] = System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(bytes[(4 * i)..]);
        return values;
    }

    public void Dispose() => memory.Dispose();
}
