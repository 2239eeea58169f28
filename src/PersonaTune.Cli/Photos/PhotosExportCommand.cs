using System.CommandLine;
using System.Globalization;
using PersonaTune.Cli.Adapters;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Device.Photos;
using PersonaTune.Privacy.Signing;

namespace PersonaTune.Cli.Photos;

/// <summary><c>photos export</c>: a signed bundle of a user's learned labels.</summary>
internal static class PhotosExportCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console, PhotoOptions options)
    {
        var input = new BundleTermsInput("photos");
        var command = new Command("export", "Write the learned labels as a signed bundle, encrypted to another device; no picture travels.");
        input.AddTo(command);
        options.AddTo(command);
        shared.AddStore(command);
        Invocation.SetAction(command, shared, console, async invocation =>
        {
            var (path, terms) = input.Read(invocation);
            var (labeler, store) = await options.OpenWithStoreAsync(invocation, create: false);
            using var certificate = store.Keyring.Identity.CreateCertificate("PersonaTune device", invocation.Console.Time.GetUtcNow(), TimeSpan.FromDays(3650));
            using var bundle = new MemoryStream();
            await new PhotoTransfer(labeler, invocation.Console.Time).ExportAsync(invocation.User, bundle, terms, new ManifestSigner(certificate), invocation.Cancellation);
            BundleTermsInput.Write(invocation, path, terms, bundle, string.Create(CultureInfo.InvariantCulture, $"{labeler.Lineage!.LabelIds.Count} labels"), "the labels and what was learned");
            return ExitCode.Success;
        });
        return command;
    }
}
