using PersonaTune.Device.Federation;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Cli.Simulation;

/// <summary>
/// People without data: each has an optimum of its own around a common one, and a step of training moves towards it. For fleets of any size and vectors of any length, where the
/// protocol is to be seen and not the learning.
/// </summary>
internal sealed class SyntheticWorkload(int people, int dimension, long seed) : IWorkload
{
    private static readonly string Hash = new('5', 64);
    private readonly float[] _common = Vector(seed, 0, dimension, 1);

    /// <inheritdoc/>
    public string Name => "synthetic";

    /// <inheritdoc/>
    public string DeviceNoun => "devices";

    /// <inheritdoc/>
    public AdapterTerms Adapter => new("synthetic", Hash, Hash, dimension);

    /// <inheritdoc/>
    public LocalTrainingTerms Training => new(1, 0, 0.5, 1);

    /// <inheritdoc/>
    public double Clip => Math.Sqrt(dimension) / 2;

    /// <inheritdoc/>
    public ServerTerms Server => new();

    /// <inheritdoc/>
    public int People => people;

    /// <inheritdoc/>
    public IFederatedTrainer Trainer(int person) => new Person(this, person);

    /// <inheritdoc/>
    public Task<(double Loss, double? Accuracy)> EvaluateAsync(ReadOnlyMemory<float> vector, CancellationToken cancellationToken)
    {
        var squares = 0.0;
        for (var i = 0; i < dimension; i++) squares += Math.Pow(vector.Span[i] - _common[i], 2);
        return Task.FromResult<(double, double?)>((squares / dimension, null));
    }

    /// <inheritdoc/>
    public Task<float[]> TrainCentrallyAsync(int epochs, CancellationToken cancellationToken) => Task.FromResult((float[])_common.Clone());

    /// <inheritdoc/>
    public void Dispose()
    {
        // Nothing is held.
    }

    private static float[] Vector(long seed, int person, int length, float spread)
    {
        var random = SeedMix.Generator(seed, person);
        var values = new float[length];
        foreach (ref var value in values.AsSpan()) value = (float)((random.NextDouble() * 2) - 1) * spread;
        return values;
    }

    private sealed class Person(SyntheticWorkload workload, int number) : IFederatedTrainer
    {
        public string BaseModelDigest => Hash;

        public string SchemaHash => Hash;

        public int Rank => 0;

        public Task<int> CountExamplesAsync(CancellationToken cancellationToken) => Task.FromResult(10);

        public Task<FederatedUpdate> TrainAsync(ReadOnlyMemory<float> start, LocalTrainingTerms terms, CancellationToken cancellationToken)
        {
            var delta = Vector(~number, number + 1, start.Length, 0.5f);
            for (var i = 0; i < delta.Length; i++) delta[i] = (float)terms.LearningRate * (workload._common[i] + delta[i] - start.Span[i]);
            return Task.FromResult(new FederatedUpdate(delta, 10));
        }
    }
}
