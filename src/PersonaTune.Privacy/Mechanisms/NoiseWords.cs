using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace PersonaTune.Privacy.Mechanisms;

/// <summary>Random 64-bit words out of a source through a buffer of the caller, which is zeroed at the end.</summary>
internal ref struct NoiseWords(INoiseSource source, Span<ulong> buffer)
{
    private readonly Span<ulong> _buffer = buffer;
    private int _used = buffer.Length;

    public ulong Next()
    {
        if (_used == _buffer.Length)
        {
            source.Fill(MemoryMarshal.AsBytes(_buffer));
            _used = 0;
        }

        return _buffer[_used++];
    }

    public UInt128 NextUInt128() => new(Next(), Next());

    public readonly void Dispose() => CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(_buffer));
}
