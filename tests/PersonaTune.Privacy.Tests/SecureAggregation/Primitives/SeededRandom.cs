using System.Buffers.Binary;
using System.Security.Cryptography;
using PersonaTune.Privacy.SecureAggregation;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Primitives;

/// <summary>Repeatable bytes: SHA-256 of the seed and a counter.</summary>
internal sealed class SeededRandom(int seed) : ISecretRandom
{
    private readonly byte[] _input = new byte[12];
    private long _counter;

    public void Fill(Span<byte> output)
    {
        BinaryPrimitives.WriteInt32LittleEndian(_input, seed);
        Span<byte> block = stackalloc byte[32];
        while (!output.IsEmpty)
        {
            BinaryPrimitives.WriteInt64LittleEndian(_input.AsSpan(4), _counter++);
            SHA256.HashData(_input, block);
            var part = Math.Min(32, output.Length);
            block[..part].CopyTo(output);
            output = output[part..];
        }
    }

    public byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        Fill(bytes);
        return bytes;
    }
}
