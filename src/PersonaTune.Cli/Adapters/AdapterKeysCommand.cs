using System.CommandLine;
using System.Security.Cryptography;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Device.Adapters;

namespace PersonaTune.Cli.Adapters;

/// <summary><c>adapter keys</c>: what other devices need to know of this one.</summary>
internal static class AdapterKeysCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var command = new Command("keys", "Show this device's keys: the one that others pin, and the one to which they encrypt.");
        shared.AddStore(command);
        Invocation.SetAction(command, shared, console, async invocation =>
        {
            await using var store = await invocation.Store().OpenAsync(create: false, invocation.Cancellation);
            using var transfer = await TransferKey.OpenAsync(store, invocation.Cancellation);
            var signing = Convert.ToHexStringLower(SHA256.HashData(store.Keyring.Identity.PublicKey.Span));
            var recipient = Convert.ToBase64String(transfer.PublicKey.Span);
            if (invocation.Json)
            {
                JsonReport.Write(invocation.Console.Out, json =>
                {
                    json.WriteString("signingKey", signing);
                    json.WriteString("transferKey", recipient);
                });
            }
            else
            {
                invocation.Console.Out.WriteLine($"signing key   {signing}");
                invocation.Console.Out.WriteLine($"transfer key  {recipient}");
            }

            return ExitCode.Success;
        });
        return command;
    }
}
