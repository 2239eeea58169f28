namespace PersonaTune.Engine.Lora;

/// <summary>
/// One low-rank update y += Scale * B (A x) (Hu et al. 2021). Rows of B follow the order of the base matrix in the GGUF file.
/// </summary>
public sealed class LoraPair
{
    /// <summary>Creates a pair over existing arrays (not copied).</summary>
    /// <exception cref="ArgumentException">An array does not fit the shape.</exception>
    public LoraPair(int rank, int inputs, int outputs, float scale, float[] a, float[] b)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rank);
        if (a.Length != (long)rank * inputs) throw new ArgumentException($"A needs {rank} x {inputs} values, found {a.Length}", nameof(a));
        if (b.Length != (long)outputs * rank) throw new ArgumentException($"B needs {outputs} x {rank} values, found {b.Length}", nameof(b));
        (Rank, Inputs, Outputs, Scale, A, B) = (rank, inputs, outputs, scale, a, b);
    }

    /// <summary>Rank r.</summary>
    public int Rank { get; }

    /// <summary>Inputs of the base layer.</summary>
    public int Inputs { get; }

    /// <summary>Outputs of the base layer.</summary>
    public int Outputs { get; }

    /// <summary>alpha / r, or alpha / sqrt(r) for rsLoRA (Kalajdzievski 2023).</summary>
    public float Scale { get; }

    /// <summary>(rank, inputs), row-major.</summary>
    public float[] A { get; }

    /// <summary>(outputs, rank), row-major.</summary>
    public float[] B { get; }
}
