using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Tests.Inference;

namespace PersonaTune.Engine.Tests.Lora;

/// <summary>ONNX Runtime's adapter files, read back by a reader that follows only the FlatBuffers format.</summary>
public sealed class OnnxAdapterTests
{
    [Fact]
    public void Parameters_are_those_of_the_peft_folder_transposed_with_the_scale_in_b()
    {
        using var model = ReferenceModels.Load("llama");
        var bytes = OnnxAdapter.Write(ReferenceModels.Adapter(model), model, adapterVersion: 7, modelVersion: 3);
        Assert.Equal("TORT", Encoding.ASCII.GetString(bytes, 4, 4));
        var root = Reference(bytes, 0);
        Assert.Equal((1, 7, 3), (Int32(bytes, Field(bytes, root, 0)), Int32(bytes, Field(bytes, root, 1)), Int32(bytes, Field(bytes, root, 2))));
        using var peft = SafetensorsFile.Open(SharedData.Reference("models", "llama-lora-peft", "adapter_model.safetensors"), SafetensorsOptions.Adapter);
        var vector = Reference(bytes, Field(bytes, root, 3));
        Assert.Equal(peft.Tensors.Count, Int32(bytes, vector));
        for (var i = 0; i < peft.Tensors.Count; i++)
        {
            var parameter = Reference(bytes, vector + 4 + 4 * i);
            var name = Reference(bytes, Field(bytes, parameter, 0));
            var text = Encoding.UTF8.GetString(bytes, name + 4, Int32(bytes, name));
            Assert.Equal(0, bytes[name + 4 + Int32(bytes, name)]);
            var tensor = peft.Tensors.Single(tensor => tensor.Name == "base_model.model." + text);
            Assert.Equal(1, Int32(bytes, Field(bytes, parameter, 2)));
            var dimensions = Reference(bytes, Field(bytes, parameter, 1));
            Assert.Equal((2, 0), (Int32(bytes, dimensions), (dimensions + 4) % 8));
            Assert.Equal([tensor.Shape[1], tensor.Shape[0]], MemoryMarshal.Cast<byte, long>(bytes.AsSpan(dimensions + 4, 16)).ToArray());
            var data = Reference(bytes, Field(bytes, parameter, 3));
            Assert.Equal(0, (data + 4) % 8);
            var values = MemoryMarshal.Cast<byte, float>(bytes.AsSpan(data + 4, Int32(bytes, data)));
            var expected = peft.GetFloats(tensor.Name);
            var (rows, columns) = ((int)tensor.Shape[0], (int)tensor.Shape[1]);
            var scale = text.Contains("lora_B", StringComparison.Ordinal) ? 2f : 1f;
            for (var r = 0; r < rows; r++)
                for (var c = 0; c < columns; c++) Assert.Equal(expected[r * columns + c] * scale, values[c * rows + r]);
        }
    }

    [Fact]
    public void It_is_written_but_not_read()
    {
        using var model = ReferenceModels.Load("llama");
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".onnx_adapter");
        OnnxAdapter.Write(ReferenceModels.Adapter(model), model, path);
        Assert.Contains("written but not read", Assert.Throws<FileFormatException>(() => AdapterFiles.Read(path, model)).Message, StringComparison.Ordinal);
        File.Delete(path);
    }

    private static int Int32(byte[] bytes, int at) => BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(at));

    private static int Reference(byte[] bytes, int at)
    {
        Assert.Equal(0, at % 4);
        return at + Int32(bytes, at);
    }

    // A table begins with the distance back to its description: its bytes, the table's bytes, then an offset for each field.
    private static int Field(byte[] bytes, int table, int index)
    {
        var description = table - Int32(bytes, table);
        Assert.Equal(0, description % 2);
        Assert.True(4 + 2 * index < BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(description)));
        var offset = BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(description + 4 + 2 * index));
        Assert.InRange(offset, 4, BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(description + 2)) - 1);
        return table + offset;
    }
}
