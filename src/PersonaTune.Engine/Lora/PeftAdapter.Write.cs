using System.Text.Json;
using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Vision;

namespace PersonaTune.Engine.Lora;

/// <summary>Writing.</summary>
public static partial class PeftAdapter
{
    /// <summary>
    /// Writes an adapter of <paramref name="model"/> as a folder, which appears whole or not at all. lora_alpha is chosen such that PEFT computes the very scales of the
    /// pairs; where they differ, patterns name the layers.
    /// </summary>
    /// <exception cref="AdapterMismatchException">The adapter does not belong to the model, or some of its layers have DoRA magnitudes and others none.</exception>
    /// <exception cref="IOException">The folder exists and may not be replaced, or holds more than an adapter, or cannot be written.</exception>
    public static void Write(LoraAdapter adapter, DecoderModel model, string directory, PeftExportOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        Write(adapter, new PeftModules.Decoder(model), directory, options);
    }

    /// <summary>Writes an adapter of a ViT or DeiT.</summary>
    /// <exception cref="AdapterMismatchException">The adapter does not belong to the encoder.</exception>
    /// <exception cref="ArgumentException">The encoder is no vision transformer.</exception>
    /// <exception cref="IOException">The folder exists and may not be replaced, or cannot be written.</exception>
    public static void Write(LoraAdapter adapter, PhotoEncoder encoder, string directory, PeftExportOptions? options = null) => Write(adapter, Modules(encoder), directory, options);

    private static void Write(LoraAdapter adapter, PeftModules model, string directory, PeftExportOptions? options)
    {
        options ??= new PeftExportOptions();
        model.Demand(adapter, "adapter");
        foreach (var (block, target, pair) in adapter.Pairs()) LoraTensors.DemandExportable(pair, model.Name(block, target));
        var pairs = adapter.Pairs().Select(entry => (entry.Block, entry.Target, Pair: WithPositiveScale(entry.Pair))).ToArray();
        var dora = pairs.Count(entry => entry.Pair.Magnitude is not null);
        if (dora != 0 && dora != pairs.Length) throw new AdapterMismatchException("adapter", $"has DoRA magnitudes on {dora} of {pairs.Length} layers; PEFT knows all or none");
        AtomicFolder.Write(directory, options.Overwrite ? [ConfigName, WeightsName] : null, folder =>
        {
            Weights(pairs, model).Write(Path.Combine(folder, WeightsName));
            AtomicFile.Write(Path.Combine(folder, ConfigName), stream => WriteConfig(stream, adapter, pairs, model, options, dora > 0));
        });
    }

    private static SafetensorsWriter Weights((int Block, LoraTarget Target, LoraPair Pair)[] pairs, PeftModules model)
    {
        var writer = new SafetensorsWriter();
        writer.SetMetadata("format", "pt");
        foreach (var (block, target, pair) in pairs.OrderBy(entry => model.Name(entry.Block, entry.Target), StringComparer.Ordinal))
        {
            var name = Prefix + model.Name(block, target);
            var (b, magnitude) = (pair.B, pair.Magnitude);
            if (model.IsPermuted(target))
            {
                b = new float[pair.B.Length];
                HeadPermutation.ToHalfSplit(pair.B, b, pair.Rank, model.HeadLength);
                if (pair.Magnitude is not null)
                {
                    magnitude = new float[pair.Outputs];
                    HeadPermutation.ToHalfSplit(pair.Magnitude, magnitude, 1, model.HeadLength);
                }
            }

            writer.Add(name + ".lora_A.weight", [pair.Rank, pair.Inputs], pair.A);
            writer.Add(name + ".lora_B.weight", [pair.Outputs, pair.Rank], b);
            if (magnitude is not null) writer.Add(name + ".lora_magnitude_vector", [pair.Outputs], magnitude);
        }

        return writer;
    }

    private static void WriteConfig(Stream stream, LoraAdapter adapter, (int Block, LoraTarget Target, LoraPair Pair)[] pairs, PeftModules model, PeftExportOptions options, bool dora)
    {
        // rsLoRA only where PEFT's division then gives exactly the pairs' scales.
        var stabilized = adapter.Config.RankStabilized && pairs.All(entry => (float)(StabilizedAlpha(entry.Pair) / Math.Sqrt(entry.Pair.Rank)) == entry.Pair.Scale);
        double Alpha(LoraPair pair) => stabilized ? StabilizedAlpha(pair) : (double)pair.Scale * pair.Rank;
        var rank = Common(pairs.Select(entry => entry.Pair.Rank));
        var alpha = Common(pairs.Select(entry => Alpha(entry.Pair)));
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        Pattern(json, "alpha_pattern", pairs.Where(entry => Alpha(entry.Pair) != alpha).Select(entry => (model.Name(entry.Block, entry.Target), Alpha(entry.Pair))));
        json.WriteString("base_model_name_or_path", options.BaseModel ?? $"sha256:{model.Digest}");
        json.WriteString("bias", "none");
        json.WriteBoolean("fan_in_fan_out", false);
        json.WriteBoolean("inference_mode", true);
        json.WriteBoolean("init_lora_weights", true);
        json.WriteNumber("lora_alpha", alpha);
        json.WriteNumber("lora_dropout", adapter.Config.Dropout);
        json.WriteNull("modules_to_save");
        json.WriteString("peft_type", "LORA");
        json.WriteNumber("r", rank);
        Pattern(json, "rank_pattern", pairs.Where(entry => entry.Pair.Rank != rank).Select(entry => (model.Name(entry.Block, entry.Target), (double)entry.Pair.Rank)));
        json.WriteStartArray("target_modules");
        foreach (var module in Targets(pairs)) json.WriteStringValue(module);
        json.WriteEndArray();
        json.WriteString("task_type", model.TaskType);
        json.WriteBoolean("use_dora", dora);
        json.WriteBoolean("use_rslora", stabilized);
        json.WriteEndObject();

        // A target that not every block has is named by its full path: a leaf's name would make PEFT adapt all of them.
        IEnumerable<string> Targets((int Block, LoraTarget Target, LoraPair Pair)[] all) => all.GroupBy(entry => entry.Target).OrderBy(group => group.Key).SelectMany(group =>
            (group.Key == LoraTarget.Head || group.Count() == adapter.BlockCount) && model.Leaf(group.Key) is { } leaf ? [leaf] : group.Select(entry => model.Name(entry.Block, entry.Target)));
    }

    // PEFT's alpha is above 0: a negative scale's sign goes into B, and a scale of 0 makes B zero; neither rounds.
    private static LoraPair WithPositiveScale(LoraPair pair) => pair.Scale > 0 ? pair
        : new LoraPair(pair.Rank, pair.Inputs, pair.Outputs, pair.Scale == 0 ? 1f : -pair.Scale, pair.A, Array.ConvertAll(pair.B, value => pair.Scale == 0 ? 0f : -value), pair.Magnitude);

    // A decimal alpha of few digits where it gives the scale, as it was probably meant; else what the scale implies.
    private static double StabilizedAlpha(LoraPair pair)
    {
        var exact = pair.Scale * Math.Sqrt(pair.Rank);
        var rounded = Math.Round(exact, 4);
        return (float)(rounded / Math.Sqrt(pair.Rank)) == pair.Scale ? rounded : exact;
    }

    private static T Common<T>(IEnumerable<T> values) where T : notnull => values.GroupBy(value => value).OrderByDescending(group => group.Count()).First().Key;

    private static void Pattern(Utf8JsonWriter json, string name, IEnumerable<(string Module, double Value)> entries)
    {
        json.WriteStartObject(name);
        foreach (var (module, value) in entries) json.WriteNumber(module, value);
        json.WriteEndObject();
    }
}
