using System.Globalization;
using PersonaTune.Cli.Options;
using PersonaTune.Device.Personalization;
using PersonaTune.Engine.Training;
using Spectre.Console;

namespace PersonaTune.Cli.Learning;

/// <summary>
/// Loss, tokens a second and time left: drawn in place on a terminal, otherwise a line every two seconds and after every pass.
/// </summary>
internal sealed class TrainingDisplay : IProgress<PersonalizationProgress>
{
    private static readonly TimeSpan LineInterval = TimeSpan.FromSeconds(2);
    private readonly Invocation _invocation;
    private readonly ProgressTask? _task;
    private long _lastLine;
    private bool _first = true;
    private PersonalizationPhase _phase;

    private TrainingDisplay(Invocation invocation, ProgressTask? task) => (_invocation, _task) = (invocation, task);

    /// <summary>Runs <paramref name="work"/> with a display that fits the console.</summary>
    public static async Task<T> RunAsync<T>(Invocation invocation, Func<IProgress<PersonalizationProgress>?, Task<T>> work)
    {
        if (invocation.Quiet) return await work(null);
        if (!invocation.Console.LiveProgress) return await work(new TrainingDisplay(invocation, null));
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(invocation.Console.Error) });
        return await console.Progress().AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn())
            .StartAsync(context => work(new TrainingDisplay(invocation, context.AddTask("preparing"))));
    }

    public void Report(PersonalizationProgress value)
    {
        if (value.Training is { } step) Step(step);
        else if (value.Phase == PersonalizationPhase.Paused) Say($"paused: {value.Pause}");
        else if (value.Phase != _phase) Say(value.Phase.ToString().ToLowerInvariant());
        _phase = value.Phase;
    }

    private void Step(TrainingProgress step)
    {
        var text = string.Create(CultureInfo.InvariantCulture,
            $"step {step.Step}/{step.TotalSteps}  pass {step.Epoch}  loss {step.Loss:F3}  {step.TokensPerSecond:F0} tokens/s  {step.Remaining:m\\:ss} left");
        if (_task is not null)
        {
            _task.MaxValue = step.TotalSteps;
            _task.Value = step.Step;
            _task.Description = text;
        }

        var time = _invocation.Console.Time;
        var held = step.ValidationLoss is { } loss ? string.Create(CultureInfo.InvariantCulture, $"  held-out loss {loss:F3}") : string.Empty;
        if (_task is not null || (!_first && held.Length == 0 && time.GetElapsedTime(_lastLine) < LineInterval)) return;
        (_first, _lastLine) = (false, time.GetTimestamp());
        _invocation.Note(text + held);
    }

    private void Say(string text)
    {
        if (_task is not null) _task.Description = text;
        else _invocation.Note(text);
    }
}
