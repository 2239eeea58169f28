using System.CommandLine;
using System.Globalization;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Device.Adapters;
using PersonaTune.Device.Photos;
using PersonaTune.Privacy.Signing;

namespace PersonaTune.Cli.Photos;

/// <summary><c>photos import</c>: learned labels out of a signed bundle.</summary>
internal static class PhotosImportCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console, PhotoOptions options)
    {
        var source = new Argument<string>("file") { Description = "Bundle (.ptad).", HelpName = "FILE" };
        var trust = new Option<string>("--trust") { Description = "Trust file ('adapter trust'): whose bundles are believed.", HelpName = "FILE", Required = true };
        var sealedTo = new Option<bool>("--encrypted") { Description = "The bundle is encrypted to this device." };
        var replace = new Option<bool>("--replace") { Description = "Use the bundle's model instead of the user's own; labels and pictures stay." };
        var command = new Command("import", "Import learned labels from a signed bundle.") { source, trust, sealedTo, replace };
        options.AddTo(command);
        shared.AddStore(command);
        Invocation.SetAction(command, shared, console, async invocation =>
        {
            var path = invocation.Parse.GetValue(source)!;
            if (!File.Exists(path)) throw new ToolException(ExitCode.BadInput, $"{path}: no such file");
            var believed = TrustStore.Load(invocation.Parse.GetValue(trust)!);
            var (labeler, store) = await options.OpenWithStoreAsync(invocation, create: true);
            var verifier = new BundleVerifier(believed, await SealedTrustState.OpenAsync(store, invocation.Cancellation), invocation.Console.Time);
            using var recipient = invocation.Parse.GetValue(sealedTo) ? await TransferKey.OpenAsync(store, invocation.Cancellation) : null;
            await using var file = File.OpenRead(path);
            var report = await new PhotoTransfer(labeler, invocation.Console.Time).ImportAsync(invocation.User, file, verifier, recipient, invocation.Parse.GetValue(replace), cancellationToken: invocation.Cancellation);
            if (invocation.Json)
            {
                JsonReport.Write(invocation.Console.Out, json =>
                {
                    json.WriteStartArray("labels");
                    foreach (var label in report.Labels) json.WriteStringValue(label);
                    json.WriteEndArray();
                    json.WriteBoolean("adapter", report.UsesAdapter);
                    json.WriteString("signer", report.Origin.SignerName);
                    json.WriteNumber("version", report.Origin.Version);
                });
            }
            else
            {
                invocation.Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"imported {report.Labels.Count} labels ({(report.UsesAdapter ? "LoRA and head" : "head alone")}): version {report.Origin.Version} of {report.Origin.Name}, signed by {report.Origin.SignerName}"));
            }

            return ExitCode.Success;
        });
        return command;
    }
}
