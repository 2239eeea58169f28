namespace PersonaTune.Engine.Inference;

/// <summary>An adapter does not fit the model that it is to run on: another base, another number of blocks, or other shapes.</summary>
public sealed class AdapterMismatchException : EngineException
{
    /// <summary>Creates the exception.</summary>
    public AdapterMismatchException(int index, string problem)
        : base($"adapter {index} of the stack does not fit the model: {problem}; use the base model that it was trained on, or retrain")
    {
        Index = index;
        Problem = problem;
    }

    /// <summary>Place of the adapter in the stack, from 0.</summary>
    public int Index { get; }

    /// <summary>What was expected and what was found.</summary>
    public string Problem { get; }
}
