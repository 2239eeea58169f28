using System.CommandLine;
using System.Text;
using Microsoft.Extensions.AI;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Device.Chat;
using PersonaTune.Engine.Inference;

namespace PersonaTune.Cli.Writing;

/// <summary><c>chat</c>: a conversation, a line from stdin at a time.</summary>
internal static class ChatCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var system = new Option<string?>("--system") { Description = "Instructions that stand before the conversation.", HelpName = "TEXT" };
        var sampling = new SamplingInput(shared);
        var choice = new AdapterChoice();
        var command = new Command("chat", "Talk with the model as the user has it: a line from stdin, an answer; end with an empty line.") { system };
        choice.AddTo(command, shared);
        sampling.AddTo(command);
        Invocation.SetAction(command, shared, console, invocation => RunAsync(invocation, choice, sampling.Read(invocation), invocation.Parse.GetValue(system)));
        return command;
    }

    private static async Task<int> RunAsync(Invocation invocation, AdapterChoice choice, GenerationOptions generation, string? system)
    {
        await using var adapted = await choice.OpenAsync(invocation);
        using var client = new PersonaTuneChatClient(adapted.Slot, adapted.Pool, time: invocation.Console.Time);
        var options = new ChatOptions { Instructions = system, RawRepresentationFactory = _ => generation };
        var turns = new List<ChatMessage>();
        invocation.Note($"adapter: {adapted.AdapterName ?? "none"}; an empty line ends the conversation");
        while (Read(invocation) is { Length: > 0 } line)
        {
            turns.Add(new ChatMessage(ChatRole.User, line));
            var answer = new StringBuilder();
            await foreach (var update in client.GetStreamingResponseAsync(turns, options, invocation.Cancellation))
            {
                answer.Append(update.Text);
                if (!invocation.Json) await invocation.Console.Out.WriteAsync(update.Text);
            }

            turns.Add(new ChatMessage(ChatRole.Assistant, answer.ToString()));
            if (!invocation.Json) await invocation.Console.Out.WriteLineAsync();
            else
            {
                JsonReport.WriteLine(invocation.Console.Out, json =>
                {
                    json.WriteString("user", line);
                    json.WriteString("assistant", answer.ToString());
                });
            }
        }

        return ExitCode.Success;
    }

    private static string? Read(Invocation invocation)
    {
        if (invocation.Console.CanPrompt) invocation.Console.Error.Write("> ");
        return invocation.Console.In.ReadLine();
    }
}
