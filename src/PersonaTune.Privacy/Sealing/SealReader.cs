using System.Buffers.Binary;
using System.Text;

namespace PersonaTune.Privacy.Sealing;

/// <summary>
/// Reads what <see cref="SealWriter"/> wrote. Every length is checked against the bytes that remain before anything is
/// sliced or allocated; a violation is a <see cref="TamperedException"/> that names the subject.
/// </summary>
public ref struct SealReader
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private readonly string _subject;
    private ReadOnlySpan<byte> _rest;

    /// <summary>Reads <paramref name="bytes"/>; errors name <paramref name="subject"/>.</summary>
    public SealReader(ReadOnlySpan<byte> bytes, string subject)
    {
        _rest = bytes;
        _subject = subject;
    }

    /// <summary>The bytes not read yet.</summary>
    public readonly int Remaining => _rest.Length;

    /// <summary>Reads one byte.</summary>
    public byte ReadByte() => ReadFixed(1)[0];

    /// <summary>Reads four bytes.</summary>
    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(ReadFixed(4));

    /// <summary>Reads four bytes.</summary>
    public int ReadInt32() => BinaryPrimitives.ReadInt32LittleEndian(ReadFixed(4));

    /// <summary>Reads eight bytes.</summary>
    public long ReadInt64() => BinaryPrimitives.ReadInt64LittleEndian(ReadFixed(8));

    /// <summary>Reads eight bytes.</summary>
    public double ReadDouble() => BinaryPrimitives.ReadDoubleLittleEndian(ReadFixed(8));

    /// <summary>Reads <paramref name="count"/> bytes in place.</summary>
    public ReadOnlySpan<byte> ReadFixed(int count)
    {
        if (count < 0 || count > _rest.Length)
            throw new TamperedException(_subject, $"expected {count} more bytes, found {_rest.Length}; it is truncated or was altered");
        var span = _rest[..count];
        _rest = _rest[count..];
        return span;
    }

    /// <summary>Reads a field in place.</summary>
    public ReadOnlySpan<byte> ReadField() => ReadFixed(ReadInt32());

    /// <summary>Reads a field of UTF-8.</summary>
    public string ReadText()
    {
        var field = ReadField();
        try
        {
            return Utf8.GetString(field);
        }
        catch (DecoderFallbackException e)
        {
            throw new TamperedException(_subject, "a text field is not UTF-8; it was altered", e);
        }
    }

    /// <summary>Reads a count of items of at least <paramref name="itemBytes"/> bytes each; more than can remain is refused.</summary>
    public int ReadCount(int itemBytes)
    {
        var count = ReadInt32();
        if (count < 0 || (long)count * itemBytes > _rest.Length)
            throw new TamperedException(_subject, $"it states {count} items but only {_rest.Length} bytes follow; it is truncated or was altered");
        return count;
    }

    /// <summary>Throws unless everything was read.</summary>
    public readonly void End()
    {
        if (_rest.Length != 0)
            throw new TamperedException(_subject, $"{_rest.Length} bytes follow its end; it was altered");
    }
}
