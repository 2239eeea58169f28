using System.CommandLine;
using System.Globalization;
using PersonaTune.Cli.Adapters;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Device.Adapters;
using PersonaTune.Device.Photos;
using PersonaTune.Engine.Formats;
using PersonaTune.Privacy.Signing;

namespace PersonaTune.Cli.Photos;

/// <summary><c>photos export</c>: a signed bundle of a user's learned labels.</summary>
internal static class PhotosExportCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console, PhotoOptions options)
    {
        var file = new Argument<string>("file") { Description = "Bundle (.ptad) to write.", HelpName = "FILE" };
        var name = new Option<string?>("--name") { Description = "Name under which versions replace each other. Default: USER.photos.", HelpName = "NAME" };
        var version = new Option<long>("--bundle-version") { Description = "Number of this version, rising. Default: 1.", HelpName = "N", DefaultValueFactory = _ => 1 };
        version.Require("1 or more", value => value >= 1);
        var audience = new Option<string>("--audience") { Description = "Application that may import it.", HelpName = "NAME", Required = true };
        var recipient = new Option<string?>("--recipient") { Description = "Transfer key of the receiving device ('adapter keys' there), to which the bundle is encrypted. Without it, anyone can read the bundle.", HelpName = "KEY" };
        var days = new Option<int>("--days") { Description = "Days for which it may be used. Default: 90.", HelpName = "N", DefaultValueFactory = _ => 90 };
        days.Require("1 to 3650", value => value is >= 1 and <= 3650);
        var force = new Option<bool>("--force") { Description = "Overwrite an existing file." };
        var command = new Command("export", "Write the learned labels as a signed bundle, encrypted to another device; no picture travels.") { file, name, version, audience, recipient, days, force };
        options.AddTo(command);
        shared.AddStore(command);
        Invocation.SetAction(command, shared, console, async invocation =>
        {
            var path = invocation.Parse.GetValue(file)!;
            if (File.Exists(path) && !invocation.Parse.GetValue(force)) throw new ToolException(ExitCode.Usage, $"{path}: the file exists; choose another name, or overwrite it with --force");
            var terms = new AdapterExportOptions
            {
                Name = invocation.Parse.GetValue(name) ?? $"{invocation.User}.photos",
                Version = invocation.Parse.GetValue(version),
                Audience = invocation.Parse.GetValue(audience)!,
                Validity = TimeSpan.FromDays(invocation.Parse.GetValue(days)),
                Recipient = invocation.Parse.GetValue(recipient) is { } key ? AdapterExportCommand.Key(key) : default(ReadOnlyMemory<byte>),
            };
            var (labeler, store) = await options.OpenWithStoreAsync(invocation, create: false);
            using var certificate = store.Keyring.Identity.CreateCertificate("PersonaTune device", invocation.Console.Time.GetUtcNow(), TimeSpan.FromDays(3650));
            using var bundle = new MemoryStream();
            await new PhotoTransfer(labeler, invocation.Console.Time).ExportAsync(invocation.User, bundle, terms, new ManifestSigner(certificate), invocation.Cancellation);
            AtomicFile.Write(path, stream => bundle.WriteTo(stream));
            if (terms.Recipient.IsEmpty) invocation.Note($"{path}: is not encrypted; whoever has it can read the labels and what was learned. Name a device with --recipient");
            invocation.Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{path}: {labeler.Lineage!.LabelIds.Count} labels as {terms.Name} version {terms.Version} for '{terms.Audience}', {bundle.Length} bytes{(terms.Recipient.IsEmpty ? string.Empty : ", encrypted")}"));
            return ExitCode.Success;
        });
        return command;
    }
}
