using System.CommandLine;
using System.Globalization;
using PersonaTune.Cli.Adapters;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Stores;
using PersonaTune.Cli.Terminal;
using PersonaTune.Cli.Writing;
using PersonaTune.Device.Keyboard;
using PersonaTune.Device.Personalization;
using PersonaTune.Engine.Inference;

namespace PersonaTune.Cli.Evaluation;

/// <summary><c>eval</c>: how well the model predicts messages, alone and as the user has it.</summary>
internal static class EvalCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var file = new Argument<string?>("file") { Description = "Messages to predict. Default: the stored ones that the active adapter has not seen.", HelpName = "FILE", Arity = ArgumentArity.ZeroOrOne };
        var choice = new AdapterChoice();
        var command = new Command("eval", "Measure how well the model predicts messages, alone and with the user's adapter.") { file, EvalKeyboardCommand.Build(shared, console) };
        choice.AddTo(command, shared);
        Invocation.SetAction(command, shared, console, invocation => RunAsync(invocation, choice, invocation.Parse.GetValue(file)));
        return command;
    }

    private static async Task<int> RunAsync(Invocation invocation, AdapterChoice choice, string? file)
    {
        // An unusable file should be known before a model is loaded.
        var read = file is null ? null : MessageFile.Read(file);
        await using var adapted = await choice.OpenAsync(invocation);
        var texts = read?.Select(message => message.Text).ToList() ?? await UnseenAsync(invocation, adapted);
        var encoder = new MessageEncoder(invocation.TokenizerOf(adapted.Model), adapted.Model.Config.ContextLength);
        var messages = texts.Select(encoder.Encode).Where(message => message.Pieces.Count > 0).ToList();
        if (messages.Count == 0) throw new ToolException(ExitCode.NothingToDo, "none of the messages holds a token; give messages with text");
        var scorer = new MessageScorer(adapted.Model, adapted.Pool);
        var plain = MessageScore.Sum(scorer.Score(AdapterStack.Empty, messages, invocation.Cancellation));
        var withAdapter = adapted.AdapterName is null ? null : MessageScore.Sum(scorer.Score(adapted.Slot.Current.Stack, messages, invocation.Cancellation));
        if (invocation.Json)
        {
            JsonReport.Write(invocation.Console.Out, json =>
            {
                json.WriteString("source", file ?? $"unseen messages of '{invocation.User}'");
                json.WriteString("model", adapted.Model.Digest);
                json.WriteString("adapter", adapted.AdapterName);
                AdapterReport.Write(json, "base", plain);
                if (withAdapter is not null) AdapterReport.Write(json, "adapted", withAdapter);
            });
        }
        else
        {
            invocation.Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{plain.Messages} messages, {plain.Words} words, {plain.Tokens} tokens"));
            Line("base", plain);
            if (withAdapter is not null) Line($"with {adapted.AdapterName}", withAdapter);
        }

        return ExitCode.Success;

        void Line(string name, HeldOutMetrics metrics) => invocation.Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name,-24} loss {metrics.Loss:F4}  perplexity a token {metrics.Perplexity:F1}, a word {metrics.PerplexityPerWord:F1}"));
    }

    private static async Task<List<string>> UnseenAsync(Invocation invocation, AdaptedModel adapted)
    {
        if (adapted.Session is not { } session)
            throw new ToolException(ExitCode.Usage, "eval: no messages; give a file, or leave out --base and --adapter to take the user's stored ones");
        var seen = adapted.Active is { Manifest: var manifest } ? manifest.TrainingExamples.Concat(manifest.ValidationExamples).ToHashSet(StringComparer.Ordinal) : [];
        var texts = new List<string>();
        await foreach (var example in session.Store.Examples.ListAsync(invocation.User, MessageImport.Collection, invocation.Cancellation))
            if (!seen.Contains(example.Id.ToString())) texts.Add(example.Text);
        if (texts.Count > 0) return texts;
        throw new ToolException(ExitCode.NothingToDo, adapted.Active is null
            ? $"no stored messages of '{invocation.User}'; add some with 'personatune store add', or give a file"
            : $"adapter {adapted.Active.Id} has learned every stored message, so they would flatter it; give a file of other messages ('personatune adapter show' has the figures that were held out)");
    }
}
