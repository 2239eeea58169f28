using System.CommandLine;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Device.Personalization;

namespace PersonaTune.Cli.Learning;

/// <summary><c>train</c>: an adapter from what is stored, an interrupted training resumed, or an invalidated adapter made again.</summary>
internal static class TrainCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var recipe = new RecipeOptions(shared);
        var resume = new Option<bool>("--resume") { Description = "Go on with the interrupted training, with its own settings." };
        var restart = new Option<bool>("--restart") { Description = "Throw an interrupted training away and begin anew." };
        var again = new Option<string?>("--again") { Description = "Make this adapter again, with its own settings, from those of its messages that are left.", HelpName = "ID" };
        var command = new Command("train", "Train an adapter on the user's stored messages, and put it to use if it predicts the newest ones better.") { shared.Model, resume, restart, again };
        shared.AddStore(command);
        recipe.AddTo(command);
        command.Validators.Add(result =>
        {
            var given = new Option[] { resume, restart, again }.Count(option => result.GetResult(option) is { Implicit: false });
            if (given > 1) result.AddError("train: expected at most one of --resume, --restart and --again");
        });
        Invocation.SetAction(command, shared, console, invocation =>
        {
            var parse = invocation.Parse;
            if ((parse.GetValue(resume) || parse.GetValue(again) is not null) && recipe.AnyGiven(parse))
                throw new ToolException(ExitCode.Usage, "train: --resume and --again keep the settings of the training that they go on with; leave the others out");
            return RunAsync(invocation, recipe.Read(parse), parse.GetValue(resume), parse.GetValue(restart), parse.GetValue(again));
        });
        return command;
    }

    private static async Task<int> RunAsync(Invocation invocation, PersonalizationOptions options, bool resume, bool restart, string? again)
    {
        await using var session = await PersonalSession.OpenAsync(invocation, createStore: false, options);
        if (restart) await session.Personalizer.DiscardInterruptedRunAsync(invocation.User, invocation.Cancellation);
        if (resume)
        {
            var recipe = await session.Personalizer.InterruptedRecipeAsync(invocation.User, invocation.Cancellation)
                ?? throw new ToolException(ExitCode.NothingToDo, $"no interrupted training of '{invocation.User}' is stored; start one with 'personatune train'");
            await session.UseOptionsAsync(options with { Recipe = recipe }, invocation.Cancellation);
        }

        var (outcome, elapsed) = await TrainingRun.RunAsync(invocation, progress => again is null
            ? session.Personalizer.TrainAsync(invocation.User, progress, invocation.Cancellation)
            : session.Personalizer.RetrainAsync(invocation.User, again, progress, invocation.Cancellation));
        return OutcomeReport.Write(invocation, outcome, elapsed);
    }
}
