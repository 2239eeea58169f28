using System.CommandLine;
using System.Text.Json;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Terminal;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Tokenization;

namespace PersonaTune.Cli.Options;

/// <summary>One run of one command: its parsed options, its console, its cancellation.</summary>
internal sealed class Invocation(ParseResult parse, SharedOptions shared, ToolConsole console, CancellationToken cancellation) : IDisposable
{
    private readonly List<IDisposable> _owned = [];

    public ParseResult Parse { get; } = parse;

    public ToolConsole Console { get; } = console;

    public CancellationToken Cancellation { get; } = cancellation;

    public bool Json => Parse.GetValue(shared.Json);

    public bool Quiet => Parse.GetValue(shared.Quiet);

    public int Threads => Parse.GetValue(shared.Threads);

    public ulong Seed => Parse.GetValue(shared.Seed);

    public string User => Parse.GetValue(shared.User) ?? "me";

    /// <summary>Runs the action of a command with its invocation.</summary>
    public static void SetAction(Command command, SharedOptions shared, ToolConsole console, Func<Invocation, Task<int>> action) =>
        command.SetAction(async (parse, cancellation) =>
        {
            using var invocation = new Invocation(parse, shared, console, cancellation);
            return await action(invocation);
        });

    /// <summary>A remark for the person at the terminal, on stderr.</summary>
    public void Note(string text)
    {
        if (!Quiet) Console.Error.WriteLine(text);
    }

    /// <summary>The result on stdout: as JSON where that was asked for, else as text.</summary>
    public void Report(string text, Action<Utf8JsonWriter> members)
    {
        if (Json) JsonReport.Write(Console.Out, members);
        else Console.Out.WriteLine(text);
    }

    public DecoderModel LoadModel() => ModelLoader.Load(ModelLocation.Find(Parse.GetValue(shared.Model)));

    public WorkerPool CreatePool() => new(Threads);

    /// <summary>The model's tokenizer.</summary>
    /// <exception cref="ToolException">The file carries none.</exception>
    public ITokenizer TokenizerOf(DecoderModel model) => model.Tokenizer ?? throw new ToolException(ExitCode.BadInput,
        $"{ModelLocation.Find(Parse.GetValue(shared.Model))}: the file carries no tokenizer; give ids with --ids, or a model with a vocabulary");

    /// <summary>Opens the user's store.</summary>
    public StoreAccess Store() => new(Parse, shared, Console, this);

    /// <summary>Keeps something until the command ends.</summary>
    public T Own<T>(T owned) where T : IDisposable
    {
        _owned.Add(owned);
        return owned;
    }

    public void Dispose()
    {
        foreach (var owned in _owned) owned.Dispose();
    }
}
