namespace PersonaTune.Device.Keyboard;

/// <summary>Medians over people of one method's figures.</summary>
/// <param name="PerplexityPerWord">Median of <see cref="KeyboardMetrics.PerplexityPerWord"/>.</param>
/// <param name="Top1Accuracy">Median of <see cref="KeyboardMetrics.Top1Accuracy"/>.</param>
/// <param name="Top3Accuracy">Median of <see cref="KeyboardMetrics.Top3Accuracy"/>.</param>
/// <param name="KeystrokeSavings">Median of <see cref="KeyboardMetrics.KeystrokeSavings"/>.</param>
public sealed record KeyboardMedians(double PerplexityPerWord, double Top1Accuracy, double Top3Accuracy, double KeystrokeSavings);
