namespace PersonaTune.Privacy.Mechanisms;

/// <summary>Noise that covers one release was asked for again for another: the difference of the two would be free of noise.</summary>
public sealed class NoiseReuseException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="purpose">What the noise belongs to.</param>
    /// <param name="step">The step whose noise was asked for.</param>
    /// <param name="problem">What differs.</param>
    public NoiseReuseException(string purpose, long step, string problem)
        : base($"noise of '{purpose}', step {step}: {problem}; release what was committed, or begin anew with fresh noise")
    {
        Purpose = purpose;
        Step = step;
    }

    /// <summary>What the noise belongs to.</summary>
    public string Purpose { get; }

    /// <summary>The step whose noise was asked for.</summary>
    public long Step { get; }
}
