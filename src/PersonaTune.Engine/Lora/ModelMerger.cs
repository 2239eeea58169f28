using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Quantization;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Engine.Lora;

/// <summary>
/// Makes a full model of a base and adapters: W' = W + sum of factor (g (W + s B A) - W), g being one without DoRA. Tensors that no adapter changes are copied byte for
/// byte. Memory: a few megabytes beside the mapped base. Static and thread-safe.
/// </summary>
public static class ModelMerger
{
    /// <summary>Merges adapters into a GGUF model and writes another, which appears only when it is complete.</summary>
    /// <param name="basePath">The base model (GGUF).</param>
    /// <param name="adapters">Adapters with their factors; read them with the model of the same file.</param>
    /// <param name="destination">The file to write.</param>
    /// <param name="type">Type of the changed matrices; null keeps each one's own.</param>
    /// <param name="progress">Told after each tensor.</param>
    /// <param name="cancellationToken">Cancels; nothing is left behind.</param>
    /// <exception cref="FileFormatException">The base is damaged, or a changed matrix has a type that cannot be encoded.</exception>
    /// <exception cref="AdapterMismatchException">An adapter belongs to another model.</exception>
    /// <exception cref="ArgumentException">There is no adapter, a factor is not finite, the type cannot be encoded, or the destination is the base.</exception>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    public static MergeResult Merge(string basePath, IReadOnlyList<(LoraAdapter Adapter, float Factor)> adapters, string destination, TensorType? type = null,
        IProgress<ConversionProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(adapters);
        if (adapters.Count == 0) throw new ArgumentException("give at least one adapter", nameof(adapters));
        if (type is { } wanted && !BlockCodec.CanEncode(wanted)) throw new ArgumentException($"weights cannot be stored as {wanted}", nameof(type));
        if (Path.GetFullPath(basePath) == Path.GetFullPath(destination)) throw new ArgumentException($"'{destination}' is the base itself; choose another destination", nameof(destination));
        using var model = ModelLoader.Load(basePath);
        foreach (var (adapter, factor) in adapters)
        {
            if (!float.IsFinite(factor)) throw new ArgumentException($"an adapter's factor is a finite number, found {factor}", nameof(adapters));
            LoraCompatibility.Demand(adapter, model);
        }

        using var source = new MergedSource(basePath, model, adapters);
        var result = ModelConverter.Convert(source, tensor => source.TypeOf(tensor, type), destination, new QuantizeOptions(), progress, cancellationToken, stateType: false);
        return new MergeResult(destination, result.Digest, result.ByteLength, source.Changed.Count, Error(source, destination));
    }

    private static double Error(MergedSource source, string path)
    {
        using var file = GgufFile.Open(path);
        double error = 0, size = 0;
        foreach (var tensor in source.Changed)
        {
            var written = file.GetMatrix(tensor.Name);
            var (wanted, found) = (new float[tensor.Columns], new float[tensor.Columns]);
            for (var row = 0; row < written.Rows; row++)
            {
                tensor.Read(row, wanted);
                BlockCodec.Decode(written.Type, written.RowsBytes(row, 1), found);
                for (var i = 0; i < wanted.Length; i++)
                {
                    error += ((double)wanted[i] - found[i]) * ((double)wanted[i] - found[i]);
                    size += (double)wanted[i] * wanted[i];
                }
            }
        }

        return size == 0 ? 0 : Math.Sqrt(error / size);
    }

    /// <summary>The base's tensors, the adapted ones with their updates.</summary>
    private sealed class MergedSource : ModelSource
    {
        private readonly GgufModelSource _base;
        private readonly Dictionary<string, TensorType> _types = new(StringComparer.Ordinal);
        private readonly List<SourceTensor> _tensors = [];
        private readonly List<SourceTensor> _changed = [];

        public MergedSource(string path, DecoderModel model, IReadOnlyList<(LoraAdapter Adapter, float Factor)> adapters)
        {
            _base = new GgufModelSource(GgufFile.Open(path));
            try
            {
                foreach (var tensor in _base.Tensors)
                {
                    var known = LoraShapes.TryParse(tensor.Name, out var block, out var target);
                    Add(tensor, known ? Updates(model, adapters, block, target) : []);
                }

                if (model.Config.TiedHead && Updates(model, adapters, 0, LoraTarget.Head) is { Count: > 0 } head)
                    Add(_base.Tensors.Single(tensor => tensor.Name == "token_embd.weight") with { Name = "output.weight" }, head);
            }
            catch
            {
                _base.Dispose();
                throw;
            }
        }

        public override string Subject => _base.Subject;

        public override IReadOnlyList<KeyValuePair<string, GgufValue>> Metadata => _base.FileType is { } type ? [.. _base.Metadata, new("general.file_type", type)] : _base.Metadata;

        public override IReadOnlyList<SourceTensor> Tensors => _tensors;

        public List<SourceTensor> Changed => _changed;

        public TensorType TypeOf(SourceTensor tensor, TensorType? wanted)
        {
            if (!_types.TryGetValue(tensor.Name, out var own)) return tensor.StoredType!.Value;
            var type = wanted is { } chosen && tensor.Columns % chosen.BlockSize() == 0 ? chosen : own;
            return BlockCodec.CanEncode(type) ? type : throw new FileFormatException(Subject, $"tensor '{tensor.Name}' has the type {type}, which is read but not written; choose a type for the changed matrices");
        }

        public override void Dispose() => _base.Dispose();

        private static List<(LoraPair Pair, float Factor, float[]? Gain)> Updates(DecoderModel model, IReadOnlyList<(LoraAdapter Adapter, float Factor)> adapters, int block, LoraTarget target) =>
            target == LoraTarget.Pointwise ? [] : [.. adapters.Where(entry => entry.Factor != 0f && entry.Adapter[block, target] is not null).Select(entry =>
            {
                var pair = entry.Adapter[block, target]!;
                return (pair, entry.Factor, pair.Magnitude is null ? null : DoraGain.Compute(LoraShapes.Matrix(model, block, target), pair, "adapter"));
            })];

        private void Add(SourceTensor tensor, List<(LoraPair Pair, float Factor, float[]? Gain)> updates)
        {
            if (updates.Count > 0)
            {
                var (read, columns) = (tensor.Read, tensor.Columns);
                _types[tensor.Name] = tensor.StoredType!.Value;
                tensor = tensor with
                {
                    StoredType = null,
                    Copy = null,
                    Read = (first, values) =>
                    {
                        read(first, values);
                        for (var i = 0; i < values.Length / columns; i++) Update(values.Slice(i * columns, columns), (int)first + i, updates);
                    },
                };
                _changed.Add(tensor);
            }

            _tensors.Add(tensor);
        }

        private static void Update(Span<float> row, int n, List<(LoraPair Pair, float Factor, float[]? Gain)> updates)
        {
            var gain = 1f;
            foreach (var (_, factor, gains) in updates)
                if (gains is not null) gain += factor * (gains[n] - 1f);
            if (gain != 1f) Kernels.Elementwise.Scale(row, gain);
            foreach (var (pair, factor, gains) in updates)
                for (var r = 0; r < pair.Rank; r++)
                    Kernels.Elementwise.AddScaled(pair.A.AsSpan(r * pair.Inputs, pair.Inputs), factor * (gains?[n] ?? 1f) * pair.Scale * pair.B[n * pair.Rank + r], row);
        }
    }
}
