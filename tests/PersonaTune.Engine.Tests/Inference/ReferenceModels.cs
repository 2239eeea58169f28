using System.Globalization;
using System.Runtime.InteropServices;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Tests.Inference;

/// <summary>The small random models of tests/reference/models, what other engines compute with them, and error measures.</summary>
internal static class ReferenceModels
{
    /// <summary>The 40 token ids that every reference ran.</summary>
    public static int[] Ids { get; } = [.. File.ReadAllText(SharedData.Reference("models", "ids.csv"))
        .Split([',', '\n', '\r', ' '], StringSplitOptions.RemoveEmptyEntries).Select(s => int.Parse(s, CultureInfo.InvariantCulture))];

    public static DecoderModel Load(string name) => ModelLoader.Load(Path(name + ".gguf"));

    public static float[] Floats(string name) => [.. MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(Path(name)))];

    public static LoraAdapter Adapter(DecoderModel model) => LoraGguf.Read(Path("llama-lora.gguf"), model);

    /// <summary>A random adapter for some targets: other seeds act differently.</summary>
    public static LoraAdapter Random(DecoderModel model, int seed, int rank, float size, params LoraTarget[] targets)
    {
        var random = new Random(seed);
        var adapter = new LoraAdapter(new LoraConfig { Rank = rank, Targets = targets }, model.Config.BlockCount, model.Digest);
        for (var block = 0; block < model.Config.BlockCount; block++)
            foreach (var target in targets)
            {
                var matrix = LoraShapes.Matrix(model, block, target);
                adapter[block, target] = new LoraPair(rank, matrix.Columns, matrix.Rows, 2f, Values(rank * matrix.Columns), Values(matrix.Rows * rank));
            }

        return adapter;

        float[] Values(int count) => [.. Enumerable.Range(0, count).Select(_ => size * ((float)random.NextDouble() * 2 - 1))];
    }

    /// <summary>Root mean square of the difference over root mean square of the expected values.</summary>
    public static double RelativeRms(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected)
    {
        Assert.Equal(expected.Length, actual.Length);
        double error = 0, norm = 0;
        for (var i = 0; i < actual.Length; i++)
        {
            error += Math.Pow((double)actual[i] - expected[i], 2);
            norm += (double)expected[i] * expected[i];
        }

        return Math.Sqrt(error / norm);
    }

    public static float Largest(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected)
    {
        Assert.Equal(expected.Length, actual.Length);
        var largest = 0f;
        for (var i = 0; i < actual.Length; i++) largest = MathF.Max(largest, MathF.Abs(actual[i] - expected[i]) is var d && float.IsNaN(d) ? float.MaxValue : d);
        return largest;
    }

    private static string Path(string name) =>
        File.Exists(SharedData.Reference("models", name)) ? SharedData.Reference("models", name) : SharedData.Shared("reference", "models", name);
}
