using System.CommandLine;
using System.Globalization;
using System.Text;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Engine.Inference;

namespace PersonaTune.Cli.Writing;

/// <summary><c>generate</c>: continues a text.</summary>
internal static class GenerateCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var prompt = new Argument<string>("prompt") { Description = "Text to continue; may be empty. Default: empty.", HelpName = "TEXT", DefaultValueFactory = _ => string.Empty };
        var sampling = new SamplingInput(shared);
        var choice = new AdapterChoice();
        var command = new Command("generate", "Continue a text with the model as the user has it.") { prompt };
        choice.AddTo(command, shared);
        sampling.AddTo(command);
        Invocation.SetAction(command, shared, console, invocation => RunAsync(invocation, choice, sampling.Read(invocation), invocation.Parse.GetValue(prompt) ?? string.Empty));
        return command;
    }

    private static async Task<int> RunAsync(Invocation invocation, AdapterChoice choice, GenerationOptions options, string prompt)
    {
        await using var adapted = await choice.OpenAsync(invocation);
        using var session = new DecoderSession(adapted.Slot, adapted.Pool);
        var time = invocation.Console.Time;
        var start = time.GetTimestamp();
        var text = new StringBuilder();
        var tokens = 0;
        FinishReason? finish = null;
        foreach (var token in new TextGenerator(session).Generate(prompt, options, invocation.Cancellation))
        {
            tokens++;
            finish = token.Finish;
            text.Append(token.Text);
            if (!invocation.Json) await invocation.Console.Out.WriteAsync(tokens == 1 ? prompt + token.Text : token.Text);
        }

        var seconds = time.GetElapsedTime(start).TotalSeconds;
        if (invocation.Json)
        {
            JsonReport.Write(invocation.Console.Out, json =>
            {
                json.WriteString("prompt", prompt);
                json.WriteString("text", text.ToString());
                json.WriteString("adapter", adapted.AdapterName);
                json.WriteNumber("tokens", tokens);
                json.WriteString("finish", finish?.ToString());
                json.WriteNumber("seconds", Math.Round(seconds, 3));
            });
        }
        else
        {
            await invocation.Console.Out.WriteLineAsync();
            invocation.Note(string.Create(CultureInfo.InvariantCulture, $"{tokens} tokens in {seconds:F2} s, {tokens / seconds:F0} a second; adapter: {adapted.AdapterName ?? "none"}"));
        }

        return ExitCode.Success;
    }
}
