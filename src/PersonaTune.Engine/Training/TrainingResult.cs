using PersonaTune.Engine.Lora;

namespace PersonaTune.Engine.Training;

/// <summary>What a finished training made.</summary>
/// <param name="Adapter">The adapter: of the best evaluation where one was kept, otherwise of the last step.</param>
/// <param name="Steps">Optimizer steps done.</param>
/// <param name="AdapterStep">The step after which <paramref name="Adapter"/> was taken; 0 means that no step improved on the start.</param>
/// <param name="StoppedEarly">Whether patience ended the training before its last step.</param>
/// <param name="Losses">Training loss of each step, in nats a target token.</param>
/// <param name="Evaluations">All evaluations in order, the first before the first step; empty without validation sequences.</param>
public sealed record TrainingResult(LoraAdapter Adapter, int Steps, int AdapterStep, bool StoppedEarly, IReadOnlyList<double> Losses,
    IReadOnlyList<EvaluationPoint> Evaluations);
