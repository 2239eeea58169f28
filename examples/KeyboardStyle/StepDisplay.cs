using System.Globalization;
using PersonaTune.Device.Personalization;
using Spectre.Console;

namespace KeyboardStyle;

/// <summary>Loss and speed beside a progress bar.</summary>
internal sealed class StepDisplay(ProgressTask task) : IProgress<PersonalizationProgress>
{
    public void Report(PersonalizationProgress value)
    {
        if (value.Training is not { } step) return;
        task.MaxValue = step.TotalSteps;
        task.Value = step.Step;
        task.Description = string.Create(CultureInfo.InvariantCulture, $"learning: pass {step.Epoch}, loss {step.Loss:F2}, {step.TokensPerSecond:F0} tokens/s");
    }
}
