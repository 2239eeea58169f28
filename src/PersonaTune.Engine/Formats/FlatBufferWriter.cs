using System.Buffers.Binary;
using System.Text;

namespace PersonaTune.Engine.Formats;

/// <summary>Lays a tree of nodes out as a FlatBuffer: parents before children, so that every offset points forward, each table behind its own description.</summary>
internal sealed class FlatBufferWriter : IDisposable
{
    private readonly MemoryStream _stream = new();
    private readonly Queue<(long At, FlatBufferNode Node)> _references = new();

    /// <summary>The file's bytes.</summary>
    public static byte[] Write(FlatBufferNode root, string identifier)
    {
        using var writer = new FlatBufferWriter();
        writer.Put(0, 4);
        writer._stream.Write(Encoding.ASCII.GetBytes(identifier));
        writer._references.Enqueue((0, root));
        while (writer._references.TryDequeue(out var reference))
        {
            var position = reference.Node.IsTable ? writer.Table(reference.Node) : writer.Vector(reference.Node);
            writer.Patch(reference.At, position - reference.At);
        }

        writer.Align(8, 0);
        return writer._stream.ToArray();
    }

    public void Dispose() => _stream.Dispose();

    private long Table(FlatBufferNode node)
    {
        // Larger fields first, so that each is aligned to its own size.
        var fields = node.Fields.OrderByDescending(field => field.Bytes).ThenBy(field => field.Index).ToArray();
        var slots = node.Fields.Count == 0 ? 0 : node.Fields.Max(field => field.Index) + 1;
        var widest = fields.Length == 0 ? 4 : Math.Max(4, fields[0].Bytes);
        var offsets = new int[slots];
        var length = 4;
        foreach (var field in fields)
        {
            length = (length + field.Bytes - 1) / field.Bytes * field.Bytes;
            offsets[field.Index] = length;
            length += field.Bytes;
        }

        Align(widest, 4 + 2 * slots);
        var description = _stream.Position;
        Put(4 + 2 * slots, 2);
        Put(length, 2);
        foreach (var offset in offsets) Put(offset, 2);
        var table = _stream.Position;
        Put(table - description, 4);
        foreach (var field in fields)
        {
            while (_stream.Position < table + offsets[field.Index]) _stream.WriteByte(0);
            if (field.Child is not null) _references.Enqueue((_stream.Position, field.Child));
            Put(field.Value, field.Bytes);
        }

        return table;
    }

    private long Vector(FlatBufferNode node)
    {
        Align(Math.Max(4, node.Alignment), 4);
        var position = _stream.Position;
        Put(node.Count, 4);
        _stream.Write(node.Data);
        foreach (var child in node.Children)
        {
            _references.Enqueue((_stream.Position, child));
            Put(0, 4);
        }

        if (node.IsText) _stream.WriteByte(0);
        return position;
    }

    // Pads until the position after the next bytes is aligned.
    private void Align(int alignment, int next)
    {
        while ((_stream.Position + next) % alignment != 0) _stream.WriteByte(0);
    }

    private void Put(long value, int bytes)
    {
        Span<byte> buffer = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(buffer, value);
        _stream.Write(buffer[..bytes]);
    }

    private void Patch(long at, long value)
    {
        var end = _stream.Position;
        _stream.Position = at;
        Put(checked((uint)value), 4);
        _stream.Position = end;
    }
}
