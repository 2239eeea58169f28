using System.CommandLine;
using System.Globalization;
using System.Text;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;

namespace PersonaTune.Cli.Stores;

/// <summary><c>store export</c>.</summary>
internal static class StoreExportCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var output = new Option<string?>("--out") { Description = "File to write; without it, stdout.", HelpName = "FILE" };
        var command = new Command("export", "Write a user's messages in the clear as JSON lines.") { output };
        shared.AddStore(command);
        Invocation.SetAction(command, shared, console, invocation => RunAsync(invocation, invocation.Parse.GetValue(output)));
        return command;
    }

    private static async Task<int> RunAsync(Invocation invocation, string? output)
    {
        await using var store = await invocation.Store().OpenAsync(create: false, invocation.Cancellation);
        long count;
        if (output is not null)
        {
            await using var file = new FileStream(output, FileMode.Create, FileAccess.Write);
            count = await store.Examples.ExportAsync(invocation.User, MessageImport.Collection, file, invocation.Cancellation);
        }
        else
        {
            using var buffer = new MemoryStream();
            count = await store.Examples.ExportAsync(invocation.User, MessageImport.Collection, buffer, invocation.Cancellation);
            await invocation.Console.Out.WriteAsync(Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length));
        }

        if (invocation.Json && output is not null)
        {
            JsonReport.Write(invocation.Console.Out, json =>
            {
                json.WriteString("user", invocation.User);
                json.WriteNumber("messages", count);
                json.WriteString("out", output);
            });
        }
        else invocation.Note(string.Create(CultureInfo.InvariantCulture, $"{count} messages of '{invocation.User}' in the clear{(output is null ? string.Empty : $" in {output}")}"));

        return ExitCode.Success;
    }
}
