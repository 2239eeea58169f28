using System.Security.Cryptography;
using System.Text;
using PersonaTune.Device.Federation;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Cli.Simulation.Digits;

/// <summary>A classification head for handwritten digits; a device is a writer.</summary>
internal sealed class DigitsWorkload(DigitImages images) : IWorkload
{
    private static readonly string Model = Digest("14 x 14 pixels, averaged and centred, with a constant");
    private static readonly string Layout = Digest($"softmax head, row-major ({SoftmaxHead.Classes}, {DigitImages.Features})");

    /// <inheritdoc/>
    public string Name => "digits";

    /// <inheritdoc/>
    public string DeviceNoun => "writers";

    /// <inheritdoc/>
    public AdapterTerms Adapter => new("digits-head", Model, Layout, SoftmaxHead.Dimension);

    /// <inheritdoc/>
    public LocalTrainingTerms Training => new(Epochs: 2, MaximumSteps: 0, LearningRate: 0.2, BatchExamples: 10, MinimumExamples: 10);

    /// <inheritdoc/>
    public double Clip => 0.5;

    /// <inheritdoc/>
    public ServerTerms Server => new(ServerOptimizerKind.FedAvg, LearningRate: 1, Momentum: 0.9);

    /// <inheritdoc/>
    public int People => images.Writers.Count;

    /// <inheritdoc/>
    public IFederatedTrainer Trainer(int person) => new WriterTrainer(images.Writers[person % People]);

    /// <inheritdoc/>
    public Task<(double Loss, double? Accuracy)> EvaluateAsync(ReadOnlyMemory<float> vector, CancellationToken cancellationToken)
    {
        var (loss, right, count) = (0.0, 0, 0);
        foreach (var writer in images.Writers)
        {
            var (l, r) = SoftmaxHead.Score(vector.Span, writer.Test);
            (loss, right, count) = (loss + l, right + r, count + writer.Test.Count);
        }

        return Task.FromResult<(double, double?)>((loss / count, (double)right / count));
    }

    /// <inheritdoc/>
    public Task<float[]> TrainCentrallyAsync(int epochs, CancellationToken cancellationToken)
    {
        // Writers in turn, a few digits each, so that no step sees one hand only.
        var all = images.Writers.SelectMany((writer, w) => Enumerable.Range(0, writer.Train.Count).Select(i => (Order: ((long)i << 16) + w, writer.Train, Index: i)))
            .OrderBy(digit => digit.Order).ToArray();
        var features = new float[all.Length * DigitImages.Features];
        for (var i = 0; i < all.Length; i++) all[i].Train.Row(all[i].Index).CopyTo(features.AsSpan(i * DigitImages.Features));
        var weights = new float[SoftmaxHead.Dimension];
        SoftmaxHead.Train(weights, new DigitSet(features, [.. all.Select(digit => digit.Train.Labels[digit.Index])]), epochs, 10, 0.1f);
        return Task.FromResult(weights);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Nothing is held.
    }

    private static string Digest(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private sealed class WriterTrainer(DigitWriter writer) : IFederatedTrainer
    {
        public string BaseModelDigest => Model;

        public string SchemaHash => Layout;

        public int Rank => 0;

        public Task<int> CountExamplesAsync(CancellationToken cancellationToken) => Task.FromResult(writer.Train.Count);

        public Task<FederatedUpdate> TrainAsync(ReadOnlyMemory<float> start, LocalTrainingTerms terms, CancellationToken cancellationToken)
        {
            var weights = start.ToArray();
            SoftmaxHead.Train(weights, writer.Train, terms.Epochs, terms.BatchExamples, (float)terms.LearningRate, terms.MaximumSteps);
            for (var i = 0; i < weights.Length; i++) weights[i] -= start.Span[i];
            return Task.FromResult(new FederatedUpdate(weights, writer.Train.Count));
        }
    }
}
