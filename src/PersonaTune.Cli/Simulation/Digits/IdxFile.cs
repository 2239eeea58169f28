using System.Buffers.Binary;
using System.IO.Compression;
using PersonaTune.Cli.Failures;

namespace PersonaTune.Cli.Simulation.Digits;

/// <summary>A gzip-compressed IDX file of unsigned bytes or 16-bit numbers, as the MNIST family of data sets comes in.</summary>
/// <param name="Path">Where it was read from.</param>
/// <param name="Shape">The lengths of its dimensions.</param>
/// <param name="Values">The values, row-major.</param>
internal sealed record IdxFile(string Path, int[] Shape, ushort[] Values)
{
    private const int MaximumValues = 1 << 27;

    /// <summary>Reads a file and checks its header against its content.</summary>
    /// <exception cref="ToolException">It is missing or has another form.</exception>
    public static IdxFile Read(string path)
    {
        if (!File.Exists(path)) throw new ToolException(ExitCode.BadInput, $"'{path}' does not exist; name the folder that holds the digit files");
        using var stream = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
        try
        {
            Span<byte> magic = stackalloc byte[4];
            stream.ReadExactly(magic);
            var width = magic[2] switch { 0x08 => 1, 0x0B => 2, _ => 0 };
            if (magic[0] != 0 || magic[1] != 0 || width == 0 || magic[3] is 0 or > 4)
                throw Malformed(path, $"its header is {Convert.ToHexStringLower(magic)}, expected 000008nn or 00000bnn");
            var shape = new int[magic[3]];
            var count = 1L;
            Span<byte> length = stackalloc byte[4];
            for (var i = 0; i < shape.Length; i++)
            {
                stream.ReadExactly(length);
                shape[i] = BinaryPrimitives.ReadInt32BigEndian(length);
                if (shape[i] < 0 || (count *= shape[i]) > MaximumValues) throw Malformed(path, $"its shape has more than {MaximumValues} values");
            }

            var values = new ushort[count];
            var row = new byte[1 << 16];
            for (var done = 0; done < values.Length;)
            {
                var take = Math.Min(row.Length / width, values.Length - done);
                stream.ReadExactly(row.AsSpan(0, take * width));
                for (var i = 0; i < take; i++)
                    values[done + i] = width == 1 ? row[i] : BinaryPrimitives.ReadUInt16BigEndian(row.AsSpan(2 * i));
                done += take;
            }

            if (stream.ReadByte() >= 0) throw Malformed(path, "bytes follow its last value");
            return new IdxFile(path, shape, values);
        }
        catch (EndOfStreamException)
        {
            throw Malformed(path, "it ends before its last value");
        }
        catch (InvalidDataException e)
        {
            throw Malformed(path, $"it is not compressed with gzip ({e.Message})");
        }
    }

    private static ToolException Malformed(string path, string problem) => new(ExitCode.BadInput, $"IDX file '{path}': {problem}; fetch it again");
}
