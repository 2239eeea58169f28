using System.CommandLine;
using System.Globalization;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Stores;
using PersonaTune.Cli.Terminal;

namespace PersonaTune.Cli.Learning;

/// <summary><c>learn</c>: messages into the store, an adapter out of it, active if it passed the gate.</summary>
internal static class LearnCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var input = new MessageInput();
        var recipe = new RecipeOptions(shared);
        var command = new Command("learn", "Add messages to the store, train an adapter on all of the user's messages, and put it to use if it predicts the newest ones better.") { shared.Model };
        input.AddTo(command);
        shared.AddStore(command);
        recipe.AddTo(command);
        Invocation.SetAction(command, shared, console, invocation => RunAsync(invocation, input, recipe));
        return command;
    }

    private static async Task<int> RunAsync(Invocation invocation, MessageInput input, RecipeOptions recipe)
    {
        var messages = input.Read(invocation);
        if (messages.Count == 0) throw new ToolException(ExitCode.Usage, "learn: no messages; give a file, - for stdin, or --text TEXT; to train on what is stored already, use 'personatune train'");
        await using var session = await PersonalSession.OpenAsync(invocation, createStore: true, recipe.Read(invocation.Parse));
        var import = await MessageImport.AddAsync(session.Store, invocation.User, messages, invocation.Parse.GetValue(input.Again), invocation.Console.Time, invocation.Cancellation);
        invocation.Note(string.Create(CultureInfo.InvariantCulture, $"added {import.Added} messages of '{invocation.User}' ({import.Known} were stored already)"));
        ScriptRemark.Write(invocation, invocation.TokenizerOf(session.Model), messages);
        var (outcome, elapsed) = await TrainingRun.RunAsync(invocation, progress => session.Personalizer.TrainAsync(invocation.User, progress, invocation.Cancellation));
        return OutcomeReport.Write(invocation, outcome, elapsed, json =>
        {
            json.WriteNumber("added", import.Added);
            json.WriteNumber("known", import.Known);
        });
    }
}
