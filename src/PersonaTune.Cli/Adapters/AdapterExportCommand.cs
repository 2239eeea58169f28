using System.CommandLine;
using System.Globalization;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Device.Adapters;
using PersonaTune.Engine.Formats;
using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.Signing;

namespace PersonaTune.Cli.Adapters;

/// <summary><c>adapter export</c>: a signed bundle of a user's adapter.</summary>
internal static class AdapterExportCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var file = new Argument<string>("file") { Description = "Bundle (.ptad) to write.", HelpName = "FILE" };
        var id = new Option<string?>("--id") { Description = "Adapter; 'adapter list' shows them. Default: the active one.", HelpName = "ID" };
        var name = new Option<string?>("--name") { Description = "Name under which versions replace each other. Default: USER.keyboard.", HelpName = "NAME" };
        var version = new Option<long>("--bundle-version") { Description = "Number of this version, rising. Default: 1.", HelpName = "N", DefaultValueFactory = _ => 1 };
        version.Require("1 or more", value => value >= 1);
        var audience = new Option<string>("--audience") { Description = "Application that may import it.", HelpName = "NAME", Required = true };
        var recipient = new Option<string?>("--recipient") { Description = "Transfer key of the receiving device ('adapter keys' there), to which the bundle is encrypted. Without it, anyone can read the bundle.", HelpName = "KEY" };
        var days = new Option<int>("--days") { Description = "Days for which it may be used. Default: 90.", HelpName = "N", DefaultValueFactory = _ => 90 };
        days.Require("1 to 3650", value => value is >= 1 and <= 3650);
        var force = new Option<bool>("--force") { Description = "Overwrite an existing file." };
        var command = new Command("export", "Write a user's adapter as a signed bundle, encrypted to another device.") { file, id, name, version, audience, recipient, days, force, shared.Model };
        shared.AddStore(command);
        Invocation.SetAction(command, shared, console, async invocation =>
        {
            var path = invocation.Parse.GetValue(file)!;
            if (File.Exists(path) && !invocation.Parse.GetValue(force)) throw new ToolException(ExitCode.Usage, $"{path}: the file exists; choose another name, or overwrite it with --force");
            await using var store = await invocation.Store().OpenAsync(create: false, invocation.Cancellation);
            using var library = new AdapterLibrary(store, invocation.Console.Time);
            var model = invocation.Own(invocation.LoadModel());
            var adapter = invocation.Parse.GetValue(id) ?? (await library.GetActiveAsync(invocation.User, invocation.Cancellation))?.Id
                ?? throw new ToolException(ExitCode.NothingToDo, $"'{invocation.User}' has no active adapter; train one with 'personatune learn'");
            var options = new AdapterExportOptions
            {
                Name = invocation.Parse.GetValue(name) ?? $"{invocation.User}.keyboard",
                Version = invocation.Parse.GetValue(version),
                Audience = invocation.Parse.GetValue(audience)!,
                Validity = TimeSpan.FromDays(invocation.Parse.GetValue(days)),
                Recipient = invocation.Parse.GetValue(recipient) is { } key ? Key(key) : default(ReadOnlyMemory<byte>),
            };
            using var certificate = store.Keyring.Identity.CreateCertificate("PersonaTune device", invocation.Console.Time.GetUtcNow(), TimeSpan.FromDays(3650));
            using var bundle = new MemoryStream();
            await new AdapterTransfer(model, library, invocation.Console.Time).ExportAsync(invocation.User, adapter, bundle, options, new ManifestSigner(certificate), invocation.Cancellation);
            AtomicFile.Write(path, stream => bundle.WriteTo(stream));
            if (options.Recipient.IsEmpty) invocation.Note($"{path}: is not encrypted; whoever has it can read what the adapter learned. Name a device with --recipient");
            invocation.Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{path}: adapter {adapter} as {options.Name} version {options.Version} for '{options.Audience}', {bundle.Length} bytes{(options.Recipient.IsEmpty ? string.Empty : ", encrypted")}"));
            return ExitCode.Success;
        });
        return command;
    }

    internal static byte[] Key(string text)
    {
        var bytes = new byte[HpkeKeyPair.PublicKeyLength];
        return Convert.TryFromBase64String(text, bytes, out var length) && length == bytes.Length
            ? bytes
            : throw new ToolException(ExitCode.Usage, $"'{text}' is no transfer key; give what 'personatune adapter keys' shows on the receiving device");
    }
}
