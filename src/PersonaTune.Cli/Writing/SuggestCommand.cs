using System.CommandLine;
using System.Globalization;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Device.Keyboard;

namespace PersonaTune.Cli.Writing;

/// <summary><c>suggest</c>: the words that a keyboard would offer for a text typed so far.</summary>
internal static class SuggestCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var texts = new Argument<string[]>("text") { Description = "Text before the cursor; a space at its end asks for the next word. Without any: a text a line from stdin.", Arity = ArgumentArity.ZeroOrMore, HelpName = "TEXT" };
        var count = new Option<int>("--count", "-k") { Description = "Words to suggest, 1 to 50. Default: 3.", HelpName = "K", DefaultValueFactory = _ => 3 };
        count.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 50) result.AddError("--count: expected 1 to 50");
        });
        var complete = new Option<bool>("--complete") { Description = "Show the most likely rest of the sentence too." };
        var choice = new AdapterChoice();
        var command = new Command("suggest", "Suggest words for a text as the user's keyboard would.") { texts, count, complete };
        choice.AddTo(command, shared);
        Invocation.SetAction(command, shared, console, invocation =>
            RunAsync(invocation, choice, invocation.Parse.GetValue(texts) ?? [], invocation.Parse.GetValue(count), invocation.Parse.GetValue(complete)));
        return command;
    }

    private static async Task<int> RunAsync(Invocation invocation, AdapterChoice choice, string[] texts, int count, bool complete)
    {
        await using var adapted = await choice.OpenAsync(invocation);
        using var suggester = await adapted.CreateSuggesterAsync(new SuggestionOptions { Count = count }, invocation.Cancellation);
        invocation.Note($"adapter: {adapted.AdapterName ?? "none"}");
        foreach (var text in texts.Length > 0 ? texts : Lines(invocation.Console.In)) Write(invocation, suggester, text, complete);
        return ExitCode.Success;
    }

    private static IEnumerable<string> Lines(TextReader input)
    {
        while (input.ReadLine() is { } line) yield return line;
    }

    private static void Write(Invocation invocation, WordSuggester suggester, string text, bool complete)
    {
        var words = suggester.Suggest(text, invocation.Cancellation);
        var rest = complete ? suggester.Complete(text, invocation.Cancellation) : null;
        if (!invocation.Json)
        {
            invocation.Console.Out.WriteLine($"{text}|  {string.Join("  ", words.Select(word => string.Create(CultureInfo.InvariantCulture, $"{word.Word} ({word.Probability:P0})")))}");
            if (rest is not null) invocation.Console.Out.WriteLine($"  {text}{rest}");
            return;
        }

        // One object a text and line, so that a text a line from stdin is answered as it comes.
        JsonReport.WriteLine(invocation.Console.Out, json =>
        {
            json.WriteString("text", text);
            json.WriteStartArray("suggestions");
            foreach (var word in words)
            {
                json.WriteStartObject();
                json.WriteString("word", word.Word);
                json.WriteFinite("probability", word.Probability);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            if (rest is not null) json.WriteString("completion", rest);
        });
    }
}
