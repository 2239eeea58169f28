using System.Text;
using PersonaTune.Engine.Formats;

namespace PersonaTune.Engine.Tests.Formats;

/// <summary>Builds GGUF bytes field by field, valid or not.</summary>
internal sealed class GgufBytes
{
    private readonly List<byte> _bytes = [];

    public GgufBytes(uint version = 3, ulong tensors = 0, ulong metadata = 0, string magic = "GGUF")
    {
        Raw(Encoding.ASCII.GetBytes(magic)).U32(version).U64(tensors).U64(metadata);
    }

    public GgufBytes U8(byte value) => Raw(value);

    public GgufBytes U32(uint value) => Raw(BitConverter.GetBytes(value));

    public GgufBytes U64(ulong value) => Raw(BitConverter.GetBytes(value));

    public GgufBytes Raw(params byte[] value)
    {
        _bytes.AddRange(value);
        return this;
    }

    public GgufBytes Text(string value) => Text(Encoding.UTF8.GetBytes(value));

    public GgufBytes Text(byte[] value) => U64((ulong)value.Length).Raw(value);

    public GgufBytes Key(string key, GgufValueType type) => Text(key).U32((uint)type);

    public GgufBytes Tensor(string name, ulong[] shape, uint type, ulong offset)
    {
        Text(name).U32((uint)shape.Length);
        foreach (var length in shape) U64(length);
        return U32(type).U64(offset);
    }

    /// <summary>Fills up to the alignment and adds zeros as tensor data.</summary>
    public GgufBytes Data(int bytes, int alignment = 32)
    {
        while (_bytes.Count % alignment != 0) U8(0);
        return Raw(new byte[bytes]);
    }

    public byte[] ToArray() => [.. _bytes];
}
