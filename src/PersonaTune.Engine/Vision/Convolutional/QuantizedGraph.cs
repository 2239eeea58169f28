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

    public unsafe byte* Bytes(int tensor) => memory.Pointer + tensors[tensor].DataOffset;

    public ReadOnlySpan<byte> Constant(int tensor) => memory.Span(tensors[tensor].DataOffset, tensors[tensor].Count);

    public int[] Integers(int tensor)
    {
        var bytes = memory.Span(tensors[tensor].DataOffset, tensors[tensor].Count * 4);
        var values = new int[tensors[tensor].Count];
        for (var i = 0; i < values.Length; i++) values[i] = System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(bytes[(4 * i)..]);
        return values;
    }

    public void Dispose() => memory.Dispose();
}
