namespace PersonaTune.Engine.Lora;

/// <summary>
/// One low-rank update y += Scale * B (A x) (Hu et al. 2021). Rows of B follow the order of the base matrix in the GGUF file.
/// </summary>
public sealed class LoraPair
{
    /// <summary>Creates a pair over existing arrays (not copied).</summary>
    /// <param name="rank">Rank r.</param>
    /// <param name="inputs">Inputs of the base layer.</param>
    /// <param name="outputs">Outputs of the base layer.</param>
    /// <param name="scale">alpha / r, or alpha / sqrt(r).</param>
    /// <param name="a">(rank, inputs).</param>
    /// <param name="b">(outputs, rank).</param>
    /// <param name="magnitude">(outputs): DoRA's magnitudes; null for plain LoRA.</param>
    /// <exception cref="ArgumentException">An array does not fit the shape.</exception>
    public LoraPair(int rank, int inputs, int outputs, float scale, float[] a, float[] b, float[]? magnitude = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rank);
        if (a.Length != (long)rank * inputs) throw new ArgumentException($"A needs {rank} x {inputs} values, found {a.Length}", nameof(a));
        if (b.Length != (long)outputs * rank) throw new ArgumentException($"B needs {outputs} x {rank} values, found {b.Length}", nameof(b));
        if (magnitude is not null && magnitude.Length != outputs) throw new ArgumentException($"the magnitude needs {outputs} values, found {magnitude.Length}", nameof(magnitude));
        (Rank, Inputs, Outputs, Scale, A, B, Magnitude) = (rank, inputs, outputs, scale, a, b, magnitude);
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

    /// <summary>
    /// (outputs): with DoRA (Liu et al. 2024) the layer is y = g (W x + Scale B A x), row by row, g = magnitude / |row of W + Scale B A|. Null for plain LoRA.
    /// </summary>
    public float[]? Magnitude { get; }
}
