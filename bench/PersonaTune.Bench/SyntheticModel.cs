using System.Globalization;
using System.Runtime.InteropServices;
using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Quantization;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Bench;

/// <summary>Llama models of a given shape and type with seeded random weights, written once to the temporary folder.</summary>
internal static class SyntheticModel
{
    /// <summary>The shapes that the benchmarks name.</summary>
    public static Shape Of(string name) => name switch
    {
        "15m" => new Shape(name, 288, 6, 6, 768, 32_000),
        "110m" => new Shape(name, 768, 12, 12, 2048, 32_000),
        _ => throw new ArgumentException($"unknown shape '{name}' (15m, 110m)", nameof(name)),
    };

    /// <summary>Path of the model file; writes it on first use. Types with blocks of 256 fall back to Q8_0 where a row is no whole number of blocks.</summary>
    public static string Create(Shape shape, TensorType type)
    {
        var path = Path.Combine(Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"personatune-bench-{shape.Name}-{type}.gguf"));
        if (File.Exists(path)) return path;
        var writer = new GgufWriter();
        writer.Set("general.architecture", GgufValue.Of("llama"));
        writer.Set("general.name", GgufValue.Of("random " + shape.Name));
        writer.Set("llama.embedding_length", GgufValue.Of((uint)shape.Dim));
        writer.Set("llama.block_count", GgufValue.Of((uint)shape.Blocks));
        writer.Set("llama.attention.head_count", GgufValue.Of((uint)shape.Heads));
        writer.Set("llama.feed_forward_length", GgufValue.Of((uint)shape.FeedForward));
        writer.Set("llama.context_length", GgufValue.Of(2048u));
        writer.Set("llama.attention.layer_norm_rms_epsilon", GgufValue.Of(1e-5f));
        var seed = 0;
        Matrix("token_embd.weight", shape.Vocabulary, shape.Dim);
        for (var i = 0; i < shape.Blocks; i++)
        {
            Norm($"blk.{i}.attn_norm.weight");
            Matrix($"blk.{i}.attn_q.weight", shape.Dim, shape.Dim);
            Matrix($"blk.{i}.attn_k.weight", shape.Dim, shape.Dim);
            Matrix($"blk.{i}.attn_v.weight", shape.Dim, shape.Dim);
            Matrix($"blk.{i}.attn_output.weight", shape.Dim, shape.Dim);
            Norm($"blk.{i}.ffn_norm.weight");
            Matrix($"blk.{i}.ffn_gate.weight", shape.FeedForward, shape.Dim);
            Matrix($"blk.{i}.ffn_up.weight", shape.FeedForward, shape.Dim);
            Matrix($"blk.{i}.ffn_down.weight", shape.Dim, shape.FeedForward);
        }

        Norm("output_norm.weight");
        writer.Write(path);
        return path;

        void Norm(string name) => writer.Add(name, [shape.Dim], Enumerable.Repeat(1f, shape.Dim).ToArray());

        void Matrix(string name, int rows, int columns)
        {
            var used = columns % type.BlockSize() == 0 ? type : TensorType.Q8_0;
            var matrixSeed = seed++;
            writer.Add(name, used, [columns, rows], stream =>
            {
                var random = new Random(matrixSeed);
                var values = new float[columns];
                var bytes = new byte[used.RowBytes(columns)];
                var size = 2f / MathF.Sqrt(columns);
                for (var r = 0; r < rows; r++)
                {
                    for (var c = 0; c < columns; c++) values[c] = size * ((float)random.NextDouble() - 0.5f);
                    if (used == TensorType.F32) MemoryMarshal.AsBytes(values.AsSpan()).CopyTo(bytes);
                    else BlockCodec.Encode(used, values, bytes);
                    stream.Write(bytes);
                }
            });
        }
    }

    /// <summary>Widths of a llama with as many key/value heads as query heads and a tied head.</summary>
    public sealed record Shape(string Name, int Dim, int Blocks, int Heads, int FeedForward, int Vocabulary);
}
