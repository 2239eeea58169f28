namespace PersonaTune.Engine.Lora;

/// <summary>An adapter does not belong to a model: it was trained on another base, or its shapes differ.</summary>
public sealed class AdapterMismatchException : EngineException
{
    /// <summary>Creates the exception.</summary>
    public AdapterMismatchException(string adapter, string problem) : base($"adapter '{adapter}' {problem}") => (Adapter, Problem) = (adapter, problem);

    /// <summary>The adapter's file or name.</summary>
    public string Adapter { get; }

    /// <summary>What was expected and found, and what to do.</summary>
    public string Problem { get; }
}
