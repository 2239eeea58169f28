using System.CommandLine;
using System.Globalization;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Tokenization;

namespace PersonaTune.Cli.Inspection;

/// <summary><c>inspect logits</c>: what the model computes for every position.</summary>
internal static class InspectLogitsCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var input = new TokenInput();
        var adapter = new AdapterInput();
        var exact = new Option<bool>("--exact") { Description = "Keep activations in f32 where weights are quantized: what training computes. Default: rounded to 8 bits." };
        var output = new Option<string?>("--out") { Description = "Write (positions, vocabulary) as f32: safetensors by that extension, otherwise bare little-endian values.", HelpName = "FILE" };
        var command = new Command("logits", "Show or write the logits after every token.") { shared.Model, exact, output };
        input.AddTo(command);
        adapter.AddTo(command);
        Invocation.SetAction(command, shared, console, invocation =>
            Task.FromResult(Run(invocation, input, adapter, invocation.Parse.GetValue(exact), invocation.Parse.GetValue(output))));
        return command;
    }

    private static int Run(Invocation invocation, TokenInput input, AdapterInput adapterInput, bool exact, string? output)
    {
        using var model = invocation.LoadModel();
        var ids = input.Read(invocation, model);
        using var pool = invocation.CreatePool();
        var options = SessionOptions.Default with { Activations = exact ? ActivationPrecision.Exact : ActivationPrecision.Fast };
        using var session = new DecoderSession(model, pool, options, adapterInput.Stack(invocation, model));
        var vocabulary = model.Config.VocabularySize;
        var logits = session.Logits(ids).ToArray();
        if (output is not null) TensorOutput.Write(output, [new NamedTensor("logits", [ids.Length, vocabulary], logits)]);
        var rows = ids.Select((id, i) => LogitRow.Of(i, id, logits.AsSpan(i * vocabulary, vocabulary), i + 1 < ids.Length ? ids[i + 1] : null)).ToList();
        if (invocation.Json)
        {
            JsonReport.Write(invocation.Console.Out, json =>
            {
                json.WriteNumber("positions", ids.Length);
                json.WriteNumber("vocabulary", vocabulary);
                json.WriteString("out", output);
                json.WriteStartArray("rows");
                foreach (var row in rows) row.Write(json);
                json.WriteEndArray();
            });
        }
        else if (output is null) WriteText(invocation.Console.Out, rows, model.Tokenizer);
        else invocation.Note($"{output}: {ids.Length} x {vocabulary} logits");

        return ExitCode.Success;
    }

    private static void WriteText(TextWriter output, List<LogitRow> rows, ITokenizer? tokenizer)
    {
        output.WriteLine("position      id    best   logit   -ln p(next)");
        foreach (var row in rows)
        {
            var next = row.NextNll is { } nll ? nll.ToString("F4", CultureInfo.InvariantCulture) : "-";
            var text = tokenizer is null ? string.Empty : $"  '{tokenizer.Decode([row.Best])}'";
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{row.Position,8} {row.Id,7} {row.Best,7} {row.BestLogit,7:F3} {next,13}{text}"));
        }
    }
}
