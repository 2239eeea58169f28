using System.Globalization;
using PersonaTune.Cli.Options;
using PersonaTune.Device.Keyboard;

namespace PersonaTune.Cli.Evaluation;

/// <summary>A line for every finished person, with an estimate of the time left.</summary>
internal sealed class KeyboardDisplay(Invocation invocation) : IProgress<KeyboardProgress>
{
    private readonly long _start = invocation.Console.Time.GetTimestamp();

    public void Report(KeyboardProgress value)
    {
        if (value.Result is not { } result) return;
        var left = invocation.Console.Time.GetElapsedTime(_start) / value.Person * (value.People - value.Person);
        var (before, after) = (result.Metrics[KeyboardMethod.Base], result.Metrics[KeyboardMethod.AdapterWithCache]);
        invocation.Note(string.Create(CultureInfo.InvariantCulture,
            $"{value.Person}/{value.People} {value.User}: perplexity a word {before.PerplexityPerWord:F0} -> {after.PerplexityPerWord:F0}, top 3 {before.Top3Accuracy:P1} -> {after.Top3Accuracy:P1}, {result.TotalSeconds:F1} s, {left:h\\:mm\\:ss} left"));
    }
}
