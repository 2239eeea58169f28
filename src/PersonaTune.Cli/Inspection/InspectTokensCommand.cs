using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Unicode;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Tokenization;

namespace PersonaTune.Cli.Inspection;

/// <summary><c>inspect tokens</c>: a text's token ids, or the text of ids.</summary>
internal static class InspectTokensCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var input = new TokenInput();
        var output = new Option<string?>("--out") { Description = "Write the ids, separated by commas.", HelpName = "FILE" };
        var command = new Command("tokens", "Show the tokens of a text, or the text of token ids.") { shared.Model, output };
        input.AddTo(command);
        Invocation.SetAction(command, shared, console, invocation => Task.FromResult(Run(invocation, input, invocation.Parse.GetValue(output))));
        return command;
    }

    private static int Run(Invocation invocation, TokenInput input, string? output)
    {
        using var model = invocation.LoadModel();
        var tokenizer = invocation.TokenizerOf(model);
        var ids = input.Read(invocation, model);
        if (output is not null) AtomicFile.Write(output, stream => stream.Write(Encoding.UTF8.GetBytes(string.Join(',', ids) + "\n")));
        if (invocation.Json)
        {
            JsonReport.Write(invocation.Console.Out, json =>
            {
                json.WriteString("text", tokenizer.Decode(ids));
                json.WriteStartArray("tokens");
                foreach (var id in ids)
                {
                    json.WriteStartObject();
                    json.WriteNumber("id", id);
                    json.WriteString("text", Encoding.UTF8.GetString(tokenizer.TokenBytes(id)));
                    json.WriteString("bytes", Convert.ToHexStringLower(tokenizer.TokenBytes(id)));
                    json.WriteBoolean("control", tokenizer.IsControl(id));
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            });
        }
        else if (output is null)
        {
            foreach (var id in ids)
                invocation.Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{id,7}  {Show(tokenizer, id)}"));
        }
        else invocation.Note($"{output}: {ids.Length} token ids");

        return ExitCode.Success;
    }

    /// <summary>The token between quotes; bytes where it is only a part of a character.</summary>
    private static string Show(ITokenizer tokenizer, int id)
    {
        if (tokenizer.IsControl(id)) return "(control)";
        var bytes = tokenizer.TokenBytes(id);
        return Utf8.IsValid(bytes) ? $"'{Encoding.UTF8.GetString(bytes).ReplaceLineEndings("\\n")}'" : $"bytes {Convert.ToHexStringLower(bytes)}";
    }
}
