using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Training;

namespace PersonaTune.Device.Keyboard;

/// <summary>The protocol for one person; see <see cref="KeyboardProtocol"/>.</summary>
internal sealed class PersonEvaluation
{
    private readonly DecoderModel _model;
    private readonly KeyboardPersonalizationOptions _options;
    private readonly WorkerPool _pool;
    private readonly TimeProvider _time;
    private readonly Action<KeyboardPhase> _report;
    private readonly string _user;
    private readonly IReadOnlyList<string> _testTexts;
    private readonly List<int[]> _fit;
    private readonly List<int[]> _validation;
    private readonly List<int[]> _test;
    private readonly int _startId;

    public PersonEvaluation(PersonHistory person, DecoderModel model, KeyboardPersonalizationOptions options, WorkerPool pool, TimeProvider time,
        Action<KeyboardPhase> report)
    {
        (_model, _options, _pool, _time, _report, _user) = (model, options, pool, time, report, person.User);
        var framing = new MessageFraming(model);
        _startId = framing.StartId;
        var train = (int)(person.Messages.Count * options.TrainFraction);
        var fit = train - Math.Max(1, (int)Math.Round(train * options.ValidationFraction));
        _fit = framing.EncodeAll(person.Messages.Take(fit));
        _validation = framing.EncodeAll(person.Messages.Take(fit..train));
        _testTexts = [.. person.Messages.Skip(train)];
        _test = framing.EncodeAll(_testTexts);
    }

    /// <summary>What predicts the test messages in the end.</summary>
    private sealed record Tuned(AdapterStack Adapters, float Scale, double Epochs, TunedMixture Base, TunedMixture Adapter, int KneserNeyOrder);

    public async Task<KeyboardPersonResult> RunAsync(CancellationToken cancellationToken)
    {
        var start = _time.GetTimestamp();
        var startCpu = CpuSeconds();
        MemoryMeter.Reset();
        var tuned = await TuneAsync(cancellationToken).ConfigureAwait(false);
        var trainingSeconds = _time.GetElapsedTime(start).TotalSeconds;
        var trainingCpuSeconds = CpuSeconds() - startCpu;
        var peak = MemoryMeter.Peak();

        List<int[]> all = [.. _fit, .. _validation];
        var vocabularySize = _model.Config.VocabularySize;
        var baseCache = tuned.Base.Learn(all, vocabularySize, _startId);
        var adapterCache = tuned.Adapter.Learn(all, vocabularySize, _startId);
        var kneserNey = new KneserNeyModel(all.Select(ids => new ReadOnlyMemory<int>(ids)), vocabularySize, _startId, tuned.KneserNeyOrder);
        var onBase = Score(AdapterStack.Empty, _test, cancellationToken);
        var onAdapter = tuned.Adapters.IsEmpty ? onBase : Score(tuned.Adapters, _test, cancellationToken);
        var nll = new Dictionary<KeyboardMethod, double>
        {
            [KeyboardMethod.Base] = onBase.Nll(),
            [KeyboardMethod.BaseWithCache] = ScoredMessages.Nll(onBase.Points(baseCache), tuned.Base.Mixture),
            [KeyboardMethod.KneserNey] = ScoredMessages.Nll(_test, kneserNey),
            [KeyboardMethod.Adapter] = onAdapter.Nll(),
            [KeyboardMethod.AdapterWithCache] = ScoredMessages.Nll(onAdapter.Points(adapterCache), tuned.Adapter.Mixture),
        };

        _report(KeyboardPhase.Suggestions);
        var simulation = new SuggestionEvaluation(_model, _options, _testTexts);
        var typing = simulation.Run([
            new SuggestionSetup(KeyboardMethod.Base, AdapterStack.Empty, null, null, null),
            new SuggestionSetup(KeyboardMethod.BaseWithCache, AdapterStack.Empty, baseCache, tuned.Base.Mixture, null),
            new SuggestionSetup(KeyboardMethod.KneserNey, null, null, null, kneserNey),
            new SuggestionSetup(KeyboardMethod.Adapter, tuned.Adapters, null, null, null),
            new SuggestionSetup(KeyboardMethod.AdapterWithCache, tuned.Adapters, adapterCache, tuned.Adapter.Mixture, null),
        ], cancellationToken);

        return new KeyboardPersonResult
        {
            User = _user,
            TrainMessages = _fit.Count,
            ValidationMessages = _validation.Count,
            TestMessages = _test.Count,
            KneserNeyOrder = tuned.KneserNeyOrder,
            BaseCacheOrder = tuned.Base.Order,
            AdapterCacheOrder = tuned.Adapter.Order,
            Epochs = tuned.Epochs,
            AdapterScale = tuned.Scale,
            TrainingSeconds = trainingSeconds,
            TrainingCpuSeconds = trainingCpuSeconds,
            TotalSeconds = _time.GetElapsedTime(start).TotalSeconds,
            TotalCpuSeconds = CpuSeconds() - startCpu,
            PeakMemoryBytes = peak,
            Metrics = nll.ToDictionary(entry => entry.Key,
                entry => KeyboardEvaluator.Combine(entry.Value, _test, _testTexts, typing[entry.Key])),
        };
    }

    private async Task<Tuned> TuneAsync(CancellationToken cancellationToken)
    {
        _report(KeyboardPhase.Baselines);
        var vocabularySize = _model.Config.VocabularySize;
        var onBase = Score(AdapterStack.Empty, _validation, cancellationToken);
        var mixedBase = TunedMixture.Tune(onBase, _fit, _options.CacheOrders, vocabularySize, _startId);
        var kneserNeyOrder = _options.KneserNeyOrders.MinBy(order => ScoredMessages.Nll(_validation,
            new KneserNeyModel(_fit.Select(ids => new ReadOnlyMemory<int>(ids)), vocabularySize, _startId, order)));

        _report(KeyboardPhase.Training);
        var trained = await TrainAsync(_fit, _validation, _options.Training, cancellationToken).ConfigureAwait(false);
        // Where no step helped, the base itself is what validation chose.
        if (trained.AdapterStep == 0) return new Tuned(AdapterStack.Empty, 0, 0, mixedBase, mixedBase, kneserNeyOrder);
        var (scale, mixedAdapter) = (1f, (TunedMixture?)null);
        foreach (var candidate in _options.AdapterScales)
        {
            var scored = Score(AdapterStack.Of(trained.Adapter, candidate), _validation, cancellationToken);
            var mixed = TunedMixture.Tune(scored, _fit, _options.CacheOrders, vocabularySize, _startId);
            if (mixedAdapter is null || mixed.Nll < mixedAdapter.Nll) (scale, mixedAdapter) = (candidate, mixed);
        }
        var adapter = trained.Adapter;
        if (_options.RetrainOnAll)
        {
            _report(KeyboardPhase.Retraining);
            List<int[]> all = [.. _fit, .. _validation];
            // As many steps as validation chose, in proportion to the longer history.
            var steps = Math.Max(1, (int)Math.Round((double)trained.AdapterStep * all.Count / _fit.Count));
            var again = await TrainAsync(all, null, _options.Training with { MaxSteps = steps }, cancellationToken).ConfigureAwait(false);
            adapter = again.Adapter;
        }
        var stepsPerEpoch = Math.Ceiling((double)_fit.Count / _options.Training.BatchSequences);
        return new Tuned(AdapterStack.Of(adapter, scale), scale, trained.AdapterStep / stepsPerEpoch, mixedBase, mixedAdapter!, kneserNeyOrder);
    }

    private async Task<TrainingResult> TrainAsync(List<int[]> messages, List<int[]>? validation, TrainingOptions options,
        CancellationToken cancellationToken)
    {
        options = options with { Epochs = Math.Clamp(_options.MaxTrainingMessages / messages.Count, Math.Min(2, options.Epochs), options.Epochs) };
        using var trainer = new LoraTrainer(_model, options, [.. messages.Select(ids => TrainingSequence.All(ids))],
            validation is null ? null : [.. validation.Select(ids => TrainingSequence.All(ids))], pool: _pool, time: _time);
        return await trainer.RunAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
    }

    private static double CpuSeconds()
    {
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        return process.TotalProcessorTime.TotalSeconds;
    }

    private ScoredMessages Score(AdapterStack adapters, IReadOnlyList<int[]> messages, CancellationToken cancellationToken) =>
        ScoredMessages.Score(_model, _pool, adapters, messages, cancellationToken);
}
