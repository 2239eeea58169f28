using System.Runtime.InteropServices;
using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Lora;

/// <summary>
/// ONNX Runtime's adapter files (<c>.onnx_adapter</c>), written only: a FlatBuffer with identifier TORT. A model that was exported with LoRA inputs takes, for each layer,
/// <c>&lt;module&gt;.lora_A.weight</c> (in, r) and <c>&lt;module&gt;.lora_B.weight</c> (r, out): transposed, as its matrix products want them, with the pair's scale
/// multiplied into B and Hugging Face's row order. Static and thread-safe.
/// </summary>
public static class OnnxAdapter
{
    // ONNX TensorProto.DataType.FLOAT.
    private const int Float = 1;
    private const int FormatVersion = 1;

    /// <summary>Writes an adapter of <paramref name="model"/> atomically.</summary>
    /// <param name="adapter">The adapter.</param>
    /// <param name="model">Its base.</param>
    /// <param name="path">The file.</param>
    /// <param name="adapterVersion">The application's number of the adapter. Default 1.</param>
    /// <param name="modelVersion">The application's number of the model. Default 1.</param>
    /// <exception cref="AdapterMismatchException">The adapter does not belong to the model, or has DoRA magnitudes.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(LoraAdapter adapter, DecoderModel model, string path, int adapterVersion = 1, int modelVersion = 1)
    {
        var bytes = Write(adapter, model, adapterVersion, modelVersion);
        AtomicFile.Write(path, stream => stream.Write(bytes));
    }

    /// <summary>The file's bytes.</summary>
    /// <exception cref="AdapterMismatchException">The adapter does not belong to the model, or has DoRA magnitudes.</exception>
    public static byte[] Write(LoraAdapter adapter, DecoderModel model, int adapterVersion = 1, int modelVersion = 1)
    {
        LoraCompatibility.Demand(adapter, model);
        var modules = new PeftModules.Decoder(model);
        var parameters = new List<FlatBufferNode>();
        foreach (var (block, target, pair) in adapter.Pairs().OrderBy(entry => modules.Name(entry.Block, entry.Target), StringComparer.Ordinal))
        {
            var module = modules.Name(block, target);
            LoraTensors.DemandExportable(pair, module);
            if (pair.Magnitude is not null) throw new AdapterMismatchException("adapter", $"has DoRA magnitudes on {module}, which an .onnx_adapter file cannot hold; merge it into the model");
            var b = pair.B;
            if (modules.IsPermuted(target))
            {
                b = new float[pair.B.Length];
                HeadPermutation.ToHalfSplit(pair.B, b, pair.Rank, model.Config.HeadLength);
            }

            parameters.Add(Parameter($"{module}.lora_A.weight", pair.A, pair.Rank, pair.Inputs, 1f));
            parameters.Add(Parameter($"{module}.lora_B.weight", b, pair.Outputs, pair.Rank, pair.Scale));
        }

        var root = FlatBufferNode.Table().Set(0, FormatVersion, 4).Set(1, adapterVersion, 4).Set(2, modelVersion, 4).Set(3, FlatBufferNode.Vector(parameters));
        return FlatBufferWriter.Write(root, "TORT");
    }

    // (rows, columns) is stored as (columns, rows).
    private static FlatBufferNode Parameter(string name, float[] values, int rows, int columns, float scale)
    {
        var transposed = new float[values.Length];
        for (var r = 0; r < rows; r++)
            for (var c = 0; c < columns; c++) transposed[c * rows + r] = values[r * columns + c] * scale;
        long[] dimensions = [columns, rows];
        return FlatBufferNode.Table()
            .Set(0, FlatBufferNode.Text(name))
            .Set(1, FlatBufferNode.Vector(MemoryMarshal.AsBytes<long>(dimensions).ToArray(), sizeof(long)))
            .Set(2, Float, 4)
            .Set(3, FlatBufferNode.Vector(MemoryMarshal.AsBytes<float>(transposed).ToArray(), 1, alignment: 8));
    }
}
