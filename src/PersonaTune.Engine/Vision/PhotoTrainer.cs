using System.Buffers.Binary;
using System.Security.Cryptography;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;

namespace PersonaTune.Engine.Vision;

/// <summary>
/// Learns labels from taught pictures: LoRA pairs on the encoder's last layers by the cross-entropy of cosines to the labels' means, then a
/// <see cref="PhotoHead"/> on the adapted embeddings. The layers below the first adapted one run once a picture. The same pictures in the same order, options and
/// number of threads give the same bits. Static and thread-safe.
/// </summary>
public static class PhotoTrainer
{
    private const float Beta1 = 0.9f;
    private const float Beta2 = 0.999f;
    private const float Epsilon = 1e-8f;

    /// <summary>Trains.</summary>
    /// <param name="encoder">The frozen encoder.</param>
    /// <param name="pool">Threads to compute with.</param>
    /// <param name="examples">Taught pictures; labels are 0 to <paramref name="labels"/> - 1, each with at least one picture.</param>
    /// <param name="labels">Number of labels, at least 1.</param>
    /// <param name="options">Settings; null for the defaults.</param>
    /// <param name="start">Pairs to continue from, for example those that came with the application; null for fresh ones.</param>
    /// <param name="progress">Told after each epoch.</param>
    /// <param name="cancellationToken">Cancels between steps.</param>
    /// <exception cref="ArgumentException">No picture, a label without a picture or out of range, or a setting out of its range.</exception>
    public static PhotoTrainingResult Train(PhotoEncoder encoder, WorkerPool pool, IReadOnlyList<PhotoExample> examples, int labels, PhotoTrainingOptions? options = null,
        LoraAdapter? start = null, IProgress<PhotoProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        ArgumentNullException.ThrowIfNull(pool);
        ArgumentNullException.ThrowIfNull(examples);
        options ??= new PhotoTrainingOptions();
        options.Validate();
        Check(encoder, examples, labels);
        if (start is not null) encoder.Demand(start);
        var fresh = start ?? options.CreateAdapter(encoder);
        var losses = new List<double>();
        var trains = fresh is not null && labels > 1 && options.Epochs > 0;
        if (fresh is null || (!trains && start is null))
        {
            using var session = encoder.CreateSession(pool);
            return new PhotoTrainingResult(null, Fit(encoder, examples, labels, options, session.Embed, cancellationToken), losses);
        }

        using var run = new Run(encoder, pool, fresh, options);
        if (trains) run.Train(examples, labels, losses, progress, cancellationToken);
        return new PhotoTrainingResult(run.Adapter, Fit(encoder, examples, labels, options, run.Embed, cancellationToken), losses);
    }

    /// <summary>Fits a head to embeddings of the encoder without an adapter; each picture has one or more views.</summary>
    /// <exception cref="ArgumentException">There is no picture, a label without one or out of range, or an embedding of another length.</exception>
    public static PhotoHead FitHead(PhotoEncoder encoder, IReadOnlyList<IReadOnlyList<float[]>> embeddings, IReadOnlyList<int> labels, int labelCount, double shrinkage = 1)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        ArgumentNullException.ThrowIfNull(embeddings);
        ArgumentNullException.ThrowIfNull(labels);
        if (embeddings.Count == 0 || embeddings.Count != labels.Count) throw new ArgumentException($"{embeddings.Count} pictures with {labels.Count} labels", nameof(labels));
        if (embeddings.Any(views => views.Count == 0 || views.Any(view => view.Length != encoder.EmbeddingLength)))
            throw new ArgumentException($"a picture has no view, or an embedding of another length than {encoder.EmbeddingLength}", nameof(embeddings));
        if (labels.Any(label => label < 0 || label >= labelCount) || labels.Distinct().Count() != labelCount)
            throw new ArgumentException($"labels must be 0 to {labelCount - 1}, each with a picture", nameof(labels));
        var directions = embeddings.Select(views => views.Select(view => PhotoFeatures.Direction(view, encoder.NonNegative)).ToArray()).ToArray();
        return PhotoHeadFitter.Fit(directions, labels, labelCount, encoder.NonNegative, shrinkage);
    }

    internal delegate float[] Embedding(ReadOnlySpan<byte> pixels);

    private static void Check(PhotoEncoder encoder, IReadOnlyList<PhotoExample> examples, int labels)
    {
        if (labels < 1) throw new ArgumentException($"there must be at least one label, found {labels}", nameof(labels));
        if (labels > 100_000) throw new ArgumentException($"at most 100,000 labels are supported, found {labels}", nameof(labels));
        var seen = new bool[labels];
        var bytes = encoder.Transform.Side * encoder.Transform.Side * 3;
        foreach (var example in examples)
        {
            if (example.Label < 0 || example.Label >= labels) throw new ArgumentException($"a picture has label {example.Label} of {labels}", nameof(examples));
            if (example.Pixels.Length != bytes) throw new ArgumentException($"a picture has {example.Pixels.Length} bytes, the encoder takes {bytes}; use its Transform", nameof(examples));
            seen[example.Label] = true;
        }

        if (Array.IndexOf(seen, false) is >= 0 and var missing) throw new ArgumentException($"label {missing} has no picture; teach at least one", nameof(examples));
    }

    private static PhotoHead Fit(PhotoEncoder encoder, IReadOnlyList<PhotoExample> examples, int labels, PhotoTrainingOptions options, Embedding embed, CancellationToken cancellationToken)
    {
        var directions = new List<float[][]>(examples.Count);
        foreach (var example in examples)
        {
            cancellationToken.ThrowIfCancellationRequested();
            directions.Add([.. Enumerable.Range(0, options.Views).Select(view =>
                PhotoFeatures.Direction(embed(PhotoVariants.Make(example.Pixels, encoder.Transform.Side, view, options.Mirror)), encoder.NonNegative))]);
        }

        return PhotoHeadFitter.Fit(directions, [.. examples.Select(example => example.Label)], labels, encoder.NonNegative, options.Shrinkage);
    }

    /// <summary>One training: the pass, the optimizer's moments and the states of pictures.</summary>
    private sealed class Run : IDisposable
    {
        private readonly PhotoEncoder _encoder;
        private readonly PhotoTrainingOptions _options;
        private readonly EncoderPass _pass;
        private readonly EncoderPass _single;
        private readonly float[] _first;
        private readonly float[] _second;
        private readonly byte[] _state;
        private readonly Dictionary<(int, int), byte[]> _states = [];
        private long _stateBytes;

        public Run(PhotoEncoder encoder, WorkerPool pool, LoraAdapter fresh, PhotoTrainingOptions options)
        {
            (_encoder, _options) = (encoder, options);
            // As many pictures at once as half of the memory holds.
            _single = encoder.CreatePass(pool, fresh, 1, training: true);
            var capacity = (int)Math.Clamp(options.MemoryBytes / 2 / Math.Max(1, _single.Bytes), 1, options.BatchSize);
            _pass = capacity == 1 ? _single : encoder.CreatePass(pool, fresh, capacity, training: true);
            _pass.Parameters.Load(fresh);
            _single.Parameters.Load(fresh);
            var count = checked((int)_pass.Parameters.TrainedCount);
            (_first, _second) = (new float[count], new float[count]);
            _state = new byte[_pass.StateLength];
        }

        public LoraAdapter Adapter => _pass.Parameters.ToAdapter(_pass.Parameters.AllValues);

        public float[] Embed(ReadOnlySpan<byte> pixels)
        {
            var embedding = new float[_encoder.EmbeddingLength];
            _single.Prepare(pixels, _state);
            _single.Forward(_state, 1, embedding);
            return embedding;
        }

        public void Train(IReadOnlyList<PhotoExample> examples, int labels, List<double> losses, IProgress<PhotoProgress>? progress, CancellationToken cancellationToken)
        {
            var dim = _encoder.EmbeddingLength;
            var steps = (examples.Count + _options.BatchSize - 1) / _options.BatchSize;
            var total = steps * _options.Epochs;
            var done = 0;
            var (centre, means) = Means(examples, labels);
            for (var epoch = 0; epoch < _options.Epochs; epoch++)
            {
                var order = Order(examples.Count, epoch);
                double loss = 0;
                for (var from = 0; from < order.Length; from += _options.BatchSize, done++)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    var batch = order.AsSpan(from, Math.Min(_options.BatchSize, order.Length - from));
                    _pass.Parameters.TrainedGradients.Clear();
                    for (var at = 0; at < batch.Length; at += _pass.Capacity)
                        loss += Step(examples, batch.Slice(at, Math.Min(_pass.Capacity, batch.Length - at)), epoch, labels, dim, centre, means, 1f / batch.Length);
                    var rate = (float)(_options.LearningRate * 0.5 * (1 + Math.Cos(Math.PI * done / total)));
                    AdamW.Update(_pass.Parameters.TrainedValues, _pass.Parameters.TrainedGradients, _first, _second, done + 1, rate, Beta1, Beta2, Epsilon, _options.WeightDecay, 1f);
                }

                if (!ReferenceEquals(_pass, _single)) _pass.Parameters.AllValues.CopyTo(_single.Parameters.AllValues);
                // The means move with the embeddings.
                if (epoch + 1 < _options.Epochs) (centre, means) = Means(examples, labels);
                losses.Add(loss / examples.Count);
                progress?.Report(new PhotoProgress(epoch + 1, _options.Epochs, losses[^1]));
            }

            _states.Clear();
        }

        public void Dispose()
        {
            _pass.Dispose();
            _single.Dispose();
        }

        // Softmax cross-entropy of scale x cosine to the labels' means.
        private double Step(IReadOnlyList<PhotoExample> examples, ReadOnlySpan<int> batch, int epoch, int labels, int dim, float[] centre, float[] means, float weight)
        {
            var states = new byte[batch.Length * _pass.StateLength];
            for (var i = 0; i < batch.Length; i++) State(examples, batch[i], (epoch + batch[i]) % _options.Views).CopyTo(states, i * _pass.StateLength);
            var embeddings = new float[batch.Length * dim];
            _pass.Forward(states, batch.Length, embeddings);
            var gradients = new float[embeddings.Length];
            var logits = new float[labels];
            var dz = new float[dim];
            double loss = 0;
            for (var i = 0; i < batch.Length; i++)
            {
                var embedding = embeddings.AsSpan(i * dim, dim);
                var z = PhotoFeatures.Centre(PhotoFeatures.Direction(embedding, _encoder.NonNegative), centre);
                for (var c = 0; c < labels; c++) logits[c] = _options.CosineScale * Elementwise.Dot(means.AsSpan(c * dim, dim), z);
                var target = examples[batch[i]].Label;
                var own = logits[target];
                loss += Softmax.Forward(logits) - own;
                logits[target] -= 1f;
                Array.Clear(dz);
                for (var c = 0; c < labels; c++) Elementwise.AddScaled(means.AsSpan(c * dim, dim), logits[c] * _options.CosineScale * weight, dz);
                PhotoFeatures.Backward(embedding, _encoder.NonNegative, centre, dz, gradients.AsSpan(i * dim, dim));
            }

            _pass.Backward(gradients, batch.Length);
            return loss;
        }

        private (float[] Centre, float[] Means) Means(IReadOnlyList<PhotoExample> examples, int labels)
        {
            var dim = _encoder.EmbeddingLength;
            var directions = new float[examples.Count][];
            var centre = new float[dim];
            var embedding = new float[dim];
            for (var i = 0; i < examples.Count; i++)
            {
                _single.Forward(State(examples, i, 0), 1, embedding);
                directions[i] = PhotoFeatures.Direction(embedding, _encoder.NonNegative);
                Elementwise.AddScaled(directions[i], 1f / examples.Count, centre);
            }

            var means = new float[labels * dim];
            for (var i = 0; i < examples.Count; i++) Elementwise.Add(PhotoFeatures.Centre(directions[i], centre), means.AsSpan(examples[i].Label * dim, dim));
            for (var c = 0; c < labels; c++)
            {
                var mean = means.AsSpan(c * dim, dim);
                Elementwise.Scale(mean, 1f / (MathF.Sqrt(Elementwise.Dot(mean, mean)) + 1e-12f));
            }

            return (centre, means);
        }

        private byte[] State(IReadOnlyList<PhotoExample> examples, int index, int view)
        {
            if (_states.TryGetValue((index, view), out var known)) return known;
            var state = new byte[_pass.StateLength];
            _single.Prepare(PhotoVariants.Make(examples[index].Pixels, _encoder.Transform.Side, view, _options.Mirror), state);
            if (_stateBytes + state.Length <= _options.MemoryBytes / 2)
            {
                _states[(index, view)] = state;
                _stateBytes += state.Length;
            }

            return state;
        }

        // Fisher and Yates's shuffle from SHA-256 of the seed and the epoch.
        private int[] Order(int count, int epoch)
        {
            var order = Enumerable.Range(0, count).ToArray();
            var message = new byte[40];
            Convert.FromHexString(_options.Seed).CopyTo(message, 0);
            BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(32), epoch);
            Span<byte> block = stackalloc byte[32];
            for (var i = count - 1; i > 0; i--)
            {
                BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(36), i);
                SHA256.HashData(message, block);
                var j = (int)(BinaryPrimitives.ReadUInt64LittleEndian(block) % (ulong)(i + 1));
                (order[i], order[j]) = (order[j], order[i]);
            }

            return order;
        }
    }
}
