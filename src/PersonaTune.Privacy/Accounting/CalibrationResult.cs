namespace PersonaTune.Privacy.Accounting;

/// <summary>A calibrated parameter.</summary>
/// <param name="Value">The parameter: noise, sampling probability or count.</param>
/// <param name="Epsilon">The epsilon it costs at the budget's delta; never more than the budget's epsilon.</param>
public readonly record struct CalibrationResult(double Value, double Epsilon);
