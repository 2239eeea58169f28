using System.Diagnostics;
using System.Globalization;
using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Layers;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Quantization;
using PersonaTune.Engine.Tensors;
using PersonaTune.Engine.Training;

namespace PersonaTune.Bench;

/// <summary>
/// LoRA training steps (rank 8 on q, k, v, o; AdamW) on a random model of the 15 M or 110 M shape: median tokens/s, time by phase, peak
/// resident memory. The same step as shared/bench/torch_lora_bench.py, on a quantized base.
/// </summary>
internal static class TrainBench
{
    public static int Run(string[] args)
    {
        var shape = args.Length > 1 && !args[1].StartsWith('-') ? args[1] : "15m";
        var (dim, layers, heads, hidden, defaultBatch) = shape switch
        {
            "15m" => (288, 6, 6, 768, 4),
            "110m" => (768, 12, 12, 2048, 2),
            _ => throw new ArgumentException($"unknown shape '{shape}'; use 15m or 110m", nameof(args)),
        };
        int batch = Option(args, "--batch", defaultBatch), length = Option(args, "--seq", 256), steps = Option(args, "--steps", 10);
        var type = Enum.Parse<TensorType>(Text(args, "--type", "Q8_0"));
        var budget = Option(args, "--budget-mib", 0);
        var path = Path.Combine(Path.GetTempPath(), $"personatune-bench-{shape}-{type}.gguf");
        if (!File.Exists(path)) Generate(path, type, dim, layers, heads, hidden);

        var start = Memory("VmHWM");
        using var pool = new WorkerPool(Option(args, "--threads", 0));
        using var model = ModelLoader.Load(path);
        var random = new Random(1);
        var sequences = Enumerable.Range(0, batch)
            .Select(_ => TrainingSequence.All(Enumerable.Range(0, length + 1).Select(_ => random.Next(model.Config.VocabularySize)).ToArray())).ToArray();
        var options = new TrainingOptions
        {
            Lora = new LoraConfig { Rank = 8, Alpha = 16 },
            Epochs = 1_000_000,
            BatchSequences = batch,
            MicroBatchTokens = Option(args, "--micro", new TrainingOptions().MicroBatchTokens),
            LearningRate = 1e-4f,
            Schedule = LearningRateSchedule.Constant,
            WarmupFraction = 0,
            MaxGradientNorm = 0,
            ForwardPrecision = Enum.Parse<ForwardPrecision>(Text(args, "--forward", nameof(ForwardPrecision.Single))),
            CheckpointedBlocks = Text(args, "--checkpointed", "") is { Length: > 0 } blocks ? int.Parse(blocks, CultureInfo.InvariantCulture) : null,
            Memory = budget > 0 ? new MemoryBudget(budget * 1024L * 1024) : null,
        };
        using var trainer = new LoraTrainer(model, options, sequences, pool: pool);
        var before = Memory("VmHWM");
        var (times, processor) = (new List<double>(), TimeSpan.Zero);
        for (var step = 0; step < steps + 3; step++)
        {
            if (step == 3)
            {
                Array.Clear(trainer.PhaseTicks);
                processor = Process.GetCurrentProcess().TotalProcessorTime;
            }

            var started = Stopwatch.GetTimestamp();
            while (!trainer.RunMicroBatch())
            {
            }

            trainer.ApplyStep();
            if (step >= 3) times.Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
        }

        processor = (Process.GetCurrentProcess().TotalProcessorTime - processor) / times.Count;
        times.Sort();
        var (median, tokens) = (times[times.Count / 2], batch * length);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{shape} {type} lora threads={pool.Threads} seq={length} batch={batch} median {median * 1e3:F0} ms {tokens / median:F0} tok/s | best {times[0] * 1e3:F0} ms "
            + $"{tokens / times[0]:F0} tok/s | processor time {processor.TotalMilliseconds:F0} ms a step | peak RSS {Memory("VmHWM"):F0} MiB (before steps {before:F0}, at start {start:F0})"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  plan: micro-batch {trainer.Plan.MicroBatchTokens} tokens, {trainer.Plan.CheckpointedBlocks} checkpointed blocks, activations "
            + $"{trainer.Plan.ActivationBytes / 1048576.0:F1} MiB, state {trainer.Plan.StateBytes / 1048576.0:F1} MiB"));
        var total = times.Sum();
        for (var phase = (PassPhase)0; phase < PassPhase.Count; phase++)
        {
            var seconds = trainer.PhaseTicks[(int)phase] / (double)Stopwatch.Frequency;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {phase,-12} {seconds / times.Count * 1e3,8:F1} ms {100 * seconds / total,5:F1} %"));
        }

        return 0;
    }

    private static void Generate(string path, TensorType type, int dim, int layers, int heads, int hidden)
    {
        const int Vocabulary = 32000;
        var writer = new GgufWriter();
        writer.Set("general.architecture", GgufValue.Of("llama"));
        writer.Set("llama.context_length", GgufValue.Of(2048u));
        writer.Set("llama.embedding_length", GgufValue.Of((uint)dim));
        writer.Set("llama.block_count", GgufValue.Of((uint)layers));
        writer.Set("llama.feed_forward_length", GgufValue.Of((uint)hidden));
        writer.Set("llama.attention.head_count", GgufValue.Of((uint)heads));
        writer.Set("llama.attention.head_count_kv", GgufValue.Of((uint)heads));
        writer.Set("llama.attention.layer_norm_rms_epsilon", GgufValue.Of(1e-5f));
        writer.Set("llama.rope.freq_base", GgufValue.Of(10000f));
        writer.Set("llama.rope.dimension_count", GgufValue.Of((uint)(dim / heads)));
        writer.Set("llama.vocab_size", GgufValue.Of((uint)Vocabulary));
        var random = new Random(7);
        void Matrix(string name, int rows, int columns) => writer.Add(name, type, [columns, rows], stream =>
        {
            var row = new float[columns];
            var encoded = new byte[type.RowBytes(columns)];
            for (var r = 0; r < rows; r++)
            {
                for (var c = 0; c < columns; c++) row[c] = 0.02f * (float)(random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5) * 2f;
                BlockCodec.Encode(type, row, encoded);
                stream.Write(encoded);
            }
        });
        void Ones(string name) => writer.Add(name, [dim], Enumerable.Repeat(1f, dim).ToArray());
        Matrix("token_embd.weight", Vocabulary, dim);
        for (var l = 0; l < layers; l++)
        {
            Ones($"blk.{l}.attn_norm.weight");
            Matrix($"blk.{l}.attn_q.weight", dim, dim);
            Matrix($"blk.{l}.attn_k.weight", dim, dim);
            Matrix($"blk.{l}.attn_v.weight", dim, dim);
            Matrix($"blk.{l}.attn_output.weight", dim, dim);
            Ones($"blk.{l}.ffn_norm.weight");
            Matrix($"blk.{l}.ffn_gate.weight", hidden, dim);
            Matrix($"blk.{l}.ffn_up.weight", hidden, dim);
            Matrix($"blk.{l}.ffn_down.weight", dim, hidden);
        }

        Ones("output_norm.weight");
        writer.Write(path);
    }

    private static int Option(string[] args, string name, int fallback) =>
        Text(args, name, "") is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : fallback;

    private static string Text(string[] args, string name, string fallback)
    {
        var index = Array.IndexOf(args, name);
        return index >= 0 && index + 1 < args.Length ? args[index + 1] : fallback;
    }

    private static double Memory(string field)
    {
        foreach (var line in File.ReadLines("/proc/self/status"))
            if (line.StartsWith(field, StringComparison.Ordinal))
                return double.Parse(line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
        return 0;
    }
}
