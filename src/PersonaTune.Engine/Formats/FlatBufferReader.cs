using System.Buffers.Binary;
using System.Text;

namespace PersonaTune.Engine.Formats;

/// <summary>
/// A FlatBuffer read field by field, every offset checked against the buffer before it is followed. A table is named by the position of its
/// first byte. Layout: the FlatBuffers specification. Nothing is allocated for a stated length before that many bytes are known to be there.
/// </summary>
internal sealed class FlatBufferReader(MappedMemory memory)
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public string Subject => memory.Subject;

    /// <summary>Checks the four identifier bytes and gives the root table.</summary>
    public long Root(string identifier)
    {
        if (memory.Length < 8 || memory.Length > int.MaxValue) throw Error($"a file of {memory.Length} bytes is no FlatBuffer that can be read (8 bytes to 2 GiB)");
        var found = memory.Span(4, 4);
        if (!found.SequenceEqual(Encoding.ASCII.GetBytes(identifier)))
            throw Error($"expected the identifier '{identifier}' at byte 4, found 0x{Convert.ToHexString(found)}; is this another kind of file?");
        return Table(Follow(0, "root"), "root");
    }

    /// <summary>The position of a table's field, or 0 where the table does not have it.</summary>
    public long Field(long table, int index)
    {
        var vtable = table - Int32(table);
        if (vtable < 0 || vtable > memory.Length - 4) throw Error($"a table at byte {table} has its description outside of the file");
        int bytes = UInt16(vtable), length = UInt16(vtable + 2);
        if (bytes < 4 || bytes % 2 != 0 || vtable + bytes > memory.Length) throw Error($"a table at byte {table} has a description of {bytes} bytes");
        if (length < 4 || table + length > memory.Length) throw Error($"a table at byte {table} of {length} bytes ends outside of the file");
        var entry = 4 + 2 * index;
        if (entry + 2 > bytes) return 0;
        int offset = UInt16(vtable + entry);
        if (offset == 0) return 0;
        return offset < length ? table + offset : throw Error($"field {index} of the table at byte {table} lies outside of it");
    }

    public int Int32(long table, int index, int fallback) => Field(table, index) is var at && at == 0 ? fallback : Int32(at);

    public uint UInt32(long table, int index, uint fallback) => Field(table, index) is var at && at == 0 ? fallback : (uint)Int32(at);

    public int Byte(long table, int index, int fallback) => Field(table, index) is var at && at == 0 ? fallback : memory.Span(at, 1)[0];

    /// <summary>The table that a field points to, or 0.</summary>
    public long Child(long table, int index, string what) => Field(table, index) is var at && at == 0 ? 0 : Table(Follow(at, what), what);

    /// <summary>A vector of tables.</summary>
    public long[] Tables(long table, int index, string what, int limit)
    {
        var (at, count) = Vector(table, index, what, 4, limit);
        var result = new long[count];
        for (var i = 0; i < count; i++) result[i] = Table(Follow(at + 4L * i, what), what);
        return result;
    }

    public int[] Int32s(long table, int index, string what, int limit)
    {
        var (at, count) = Vector(table, index, what, 4, limit);
        var result = new int[count];
        for (var i = 0; i < count; i++) result[i] = Int32(at + 4L * i);
        return result;
    }

    public float[] Singles(long table, int index, string what, int limit) =>
        Array.ConvertAll(Int32s(table, index, what, limit), BitConverter.Int32BitsToSingle);

    public long[] Int64s(long table, int index, string what, int limit)
    {
        var (at, count) = Vector(table, index, what, 8, limit);
        var result = new long[count];
        for (var i = 0; i < count; i++) result[i] = BinaryPrimitives.ReadInt64LittleEndian(memory.Span(at + 8L * i, 8));
        return result;
    }

    /// <summary>Position and length of a vector of bytes; (0, 0) where it is absent.</summary>
    public (long At, int Count) Bytes(long table, int index, string what) => Vector(table, index, what, 1, int.MaxValue);

    public string Text(long table, int index, string what, int limit)
    {
        var (at, count) = Vector(table, index, what, 1, limit);
        try
        {
            return StrictUtf8.GetString(memory.Span(at, count));
        }
        catch (ArgumentException exception)
        {
            throw new FileFormatException(Subject, $"the {what} is no UTF-8 text", exception);
        }
    }

    public FileFormatException Error(string problem) => new(memory.Subject, problem);

    private (long At, int Count) Vector(long table, int index, string what, int elementBytes, int limit)
    {
        var field = Field(table, index);
        if (field == 0) return (0, 0);
        var at = Follow(field, what);
        var count = (uint)Int32(at);
        if (count > (uint)limit) throw Error($"the {what} states {count} elements; at most {limit} are read");
        if (count * (long)elementBytes > memory.Length - at - 4) throw Error($"the {what} states {count} elements, more than the file holds");
        return (at + 4, (int)count);
    }

    private long Follow(long at, string what)
    {
        var target = at + (uint)Int32(at);
        return target >= at + 4 && target <= memory.Length - 4 ? target : throw Error($"the {what} at byte {at} points to byte {target} of {memory.Length}");
    }

    private long Table(long at, string what) => at <= memory.Length - 4 ? at : throw Error($"the {what} at byte {at} leaves the file");

    private int UInt16(long at) => at >= 0 && at <= memory.Length - 2 ? BinaryPrimitives.ReadUInt16LittleEndian(memory.Span(at, 2)) : throw Error($"byte {at} leaves the file");

    private int Int32(long at) => at >= 0 && at <= memory.Length - 4 ? BinaryPrimitives.ReadInt32LittleEndian(memory.Span(at, 4)) : throw Error($"byte {at} leaves the file");
}
