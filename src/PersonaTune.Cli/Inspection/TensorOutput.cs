using System.Runtime.InteropServices;
using PersonaTune.Cli.Failures;
using PersonaTune.Engine.Formats;

namespace PersonaTune.Cli.Inspection;

/// <summary>Writes values to the file of <c>--out</c>: safetensors by that extension, otherwise bare f32 little-endian values.</summary>
internal static class TensorOutput
{
    public static void Write(string path, IReadOnlyList<NamedTensor> tensors)
    {
        if (path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
        {
            var writer = new SafetensorsWriter();
            foreach (var tensor in tensors) writer.Add(tensor.Name, tensor.Shape, tensor.Values);
            writer.Write(path);
            return;
        }

        if (tensors.Count != 1)
            throw new ToolException(ExitCode.Usage, $"{path}: bare f32 values hold one tensor, found {tensors.Count}; name one with --name, or choose a file that ends in .safetensors");
        // Little-endian is the byte order of every platform that .NET runs on.
        AtomicFile.Write(path, stream => stream.Write(MemoryMarshal.AsBytes(tensors[0].Values.AsSpan())));
    }
}
