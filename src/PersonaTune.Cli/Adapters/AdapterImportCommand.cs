using System.CommandLine;
using System.Globalization;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Learning;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Device.Adapters;
using PersonaTune.Device.Personalization;
using PersonaTune.Engine.Lora;
using PersonaTune.Privacy.Signing;

namespace PersonaTune.Cli.Adapters;

/// <summary><c>adapter import</c>: a bundle, or a file of another tool, into a user's library.</summary>
internal static class AdapterImportCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var source = new Argument<string>("source") { Description = "Bundle (.ptad); with --unsigned also a PEFT or mlx-lm folder, GGUF or safetensors file.", HelpName = "SOURCE" };
        var trust = new Option<string?>("--trust") { Description = "Trust file ('adapter trust'): whose bundles are believed.", HelpName = "FILE" };
        var sealedTo = new Option<bool>("--encrypted") { Description = "The bundle is encrypted to this device." };
        var unsigned = new Option<bool>("--unsigned") { Description = "Import an adapter that nobody signed. Only for files that you made or know." };
        var activate = new Option<bool>("--activate") { Description = "Use it at once." };
        var ifBetter = new Option<bool>("--if-better") { Description = "Use it if it predicts the user's newest messages better than what is in use." };
        var command = new Command("import", "Import a signed bundle, or another tool's adapter, into a user's library.") { source, trust, sealedTo, unsigned, activate, ifBetter, shared.Model };
        shared.AddStore(command);
        Invocation.SetAction(command, shared, console, async invocation =>
        {
            var path = invocation.Parse.GetValue(source)!;
            if (!File.Exists(path) && !Directory.Exists(path)) throw new ToolException(ExitCode.BadInput, $"{path}: no such file or folder");
            if (invocation.Parse.GetValue(unsigned) == (invocation.Parse.GetValue(trust) is not null))
                throw new ToolException(ExitCode.Usage, "adapter import: give --trust FILE for a signed bundle, or --unsigned for another tool's adapter");
            if (invocation.Parse.GetValue(activate) && invocation.Parse.GetValue(ifBetter))
                throw new ToolException(ExitCode.Usage, "adapter import: expected at most one of --activate and --if-better");
            await using var session = await PersonalSession.OpenAsync(invocation, createStore: true);
            var (store, model, library) = (session.Store, session.Model, session.Library);
            var transfer = new AdapterTransfer(model, library, invocation.Console.Time);
            AdapterEntry entry;
            if (invocation.Parse.GetValue(unsigned))
            {
                entry = await transfer.ImportUnsignedAsync(invocation.User, AdapterFiles.Read(path, model), Path.GetFileName(Path.TrimEndingDirectorySeparator(path)), invocation.Cancellation);
            }
            else
            {
                var verifier = new BundleVerifier(TrustStore.Load(invocation.Parse.GetValue(trust)!), await SealedTrustState.OpenAsync(store, invocation.Cancellation), invocation.Console.Time);
                using var recipient = invocation.Parse.GetValue(sealedTo) ? await TransferKey.OpenAsync(store, invocation.Cancellation) : null;
                await using var file = File.OpenRead(path);
                entry = await transfer.ImportAsync(invocation.User, file, verifier, recipient, cancellationToken: invocation.Cancellation);
            }

            PromotionDecision? decision = null;
            if (invocation.Parse.GetValue(ifBetter))
            {
                decision = await session.Personalizer.ActivateIfBetterAsync(invocation.User, entry.Id, invocation.Cancellation);
                entry = await library.GetAsync(invocation.User, entry.Id, invocation.Cancellation);
            }

            if (invocation.Parse.GetValue(activate)) entry = await library.ActivateAsync(invocation.User, entry.Id, "activated at its import", invocation.Cancellation);
            if (invocation.Json)
            {
                JsonReport.Write(invocation.Console.Out, json =>
                {
                    json.WriteString("id", entry.Id);
                    json.WriteString("state", entry.State.ToString());
                    json.WriteString("signer", entry.Manifest.Provenance!.SignerName);
                    json.WriteNumber("version", entry.Manifest.Provenance.Version);
                    if (decision is null) return;
                    json.WriteString("gate", decision.Reason);
                    AdapterReport.Write(json, "heldOutBefore", decision.Current);
                    AdapterReport.Write(json, "heldOutAfter", decision.Candidate);
                });
            }
            else
            {
                invocation.Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{entry.Id}: {entry.Manifest.GateReason}; {(entry.State == AdapterState.Active ? "in use" : "stored, not in use")}"));
                if (decision is not null) invocation.Console.Out.WriteLine($"gate: {decision.Reason}");
            }

            return decision is { Promote: false } ? ExitCode.GateRejected : ExitCode.Success;
        });
        return command;
    }
}
