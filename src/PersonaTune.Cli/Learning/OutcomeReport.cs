using System.Globalization;
using System.Text.Json;
using PersonaTune.Cli.Adapters;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Device.Personalization;

namespace PersonaTune.Cli.Learning;

/// <summary>What a training came to, for people and for programs, and the exit code that says it.</summary>
internal static class OutcomeReport
{
    public static int Write(Invocation invocation, TrainingOutcome outcome, TimeSpan elapsed, Action<Utf8JsonWriter>? more = null)
    {
        if (invocation.Json)
        {
            JsonReport.Write(invocation.Console.Out, json =>
            {
                json.WriteString("user", invocation.User);
                json.WriteString("status", outcome.Status.ToString());
                json.WriteBoolean("resumed", outcome.Resumed);
                json.WriteNumber("seconds", Math.Round(elapsed.TotalSeconds, 2));
                more?.Invoke(json);
                if (outcome.Decision is { } decision) json.WriteString("gate", decision.Reason);
                if (outcome.Adapter is { } adapter)
                {
                    json.WriteStartObject("adapter");
                    AdapterReport.Write(json, adapter);
                    json.WriteEndObject();
                }
            });
        }
        else WriteText(invocation.Console.Out, outcome, elapsed);

        return outcome.Status switch
        {
            TrainingStatus.Promoted => ExitCode.Success,
            TrainingStatus.Rejected => ExitCode.GateRejected,
            _ => ExitCode.Interrupted,
        };
    }

    private static void WriteText(TextWriter output, TrainingOutcome outcome, TimeSpan elapsed)
    {
        var took = string.Create(CultureInfo.InvariantCulture, $"{elapsed.TotalSeconds:F1} s");
        if (outcome.Adapter is not { } adapter || outcome.Decision is not { } decision)
        {
            output.WriteLine($"suspended after {took} ({outcome.Pause}); go on with 'personatune train --resume'");
            return;
        }

        output.WriteLine(decision.Promote ? $"adapter {adapter.Id} is active ({took})" : $"adapter {adapter.Id} was not good enough; what was active stays ({took})");
        output.WriteLine($"gate: {decision.Reason}");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{decision.Candidate.Messages} held-out messages: perplexity a word {decision.Current.PerplexityPerWord:F1} -> {decision.Candidate.PerplexityPerWord:F1}, a token {decision.Current.Perplexity:F1} -> {decision.Candidate.Perplexity:F1}"));
    }
}
