using PersonaTune.Engine.Layers;

namespace PersonaTune.Engine.Training;

/// <summary>
/// Everything that changes while training: numbers (in one arena) and position. What a checkpoint holds, no more and no less.
/// </summary>
internal sealed unsafe class TrainingState
{
    private readonly float* _first;
    private readonly float* _second;
    private readonly float* _best;

    /// <summary>Takes the optimizer's buffers; <paramref name="parameters"/> has taken its own from the same arena.</summary>
    public TrainingState(AdapterParameters parameters, Arena arena, bool keepBest)
    {
        Parameters = parameters;
        _first = arena.Take(parameters.TrainedCount);
        _second = arena.Take(parameters.TrainedCount);
        _best = keepBest ? arena.Take(parameters.Count) : null;
        FirstMoments.Clear();
        SecondMoments.Clear();
        parameters.TrainedGradients.Clear();
        if (keepBest) Best.Clear();
    }

    public AdapterParameters Parameters { get; }

    /// <summary>AdamW's first moments.</summary>
    public Span<float> FirstMoments => new(_first, (int)Parameters.TrainedCount);

    /// <summary>AdamW's second moments.</summary>
    public Span<float> SecondMoments => new(_second, (int)Parameters.TrainedCount);

    /// <summary>Numbers of the best evaluation so far; empty where none is kept.</summary>
    public Span<float> Best => _best is null ? [] : new Span<float>(_best, (int)Parameters.Count);

    /// <summary>Optimizer steps done.</summary>
    public int Step { get; set; }

    /// <summary>Examples of the current step whose gradients are already accumulated.</summary>
    public int Cursor { get; set; }

    /// <summary>Sum of the losses of those examples' targets.</summary>
    public double StepLoss { get; set; }

    /// <summary>Whether patience has ended the training.</summary>
    public bool Stopped { get; set; }

    /// <summary>Evaluations in a row that did not improve.</summary>
    public int Stale { get; set; }

    /// <summary>Best validation loss so far.</summary>
    public double BestLoss { get; set; } = double.PositiveInfinity;

    /// <summary>Step of the best validation loss.</summary>
    public int BestStep { get; set; } = -1;

    /// <summary>Loss of each step done.</summary>
    public List<double> Losses { get; } = [];

    /// <summary>Evaluations so far.</summary>
    public List<EvaluationPoint> Evaluations { get; } = [];
}
