namespace PersonaTune.Engine.Models;

/// <summary>Rules for <see cref="RopeScaling"/>.</summary>
public enum RopeScalingKind
{
    /// <summary>All frequencies divided by the factor (position interpolation, Chen et al. 2023).</summary>
    Linear,

    /// <summary>Llama 3.1's rule: low frequencies divided, high ones kept, a smooth ramp between.</summary>
    Llama3,

    /// <summary>Per-frequency divisors from the file.</summary>
    Factors,
}
