using System.CommandLine;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Device.Adapters;
using PersonaTune.Privacy.Signing;

namespace PersonaTune.Cli.Adapters;

/// <summary><c>adapter export</c>: a signed bundle of a user's adapter.</summary>
internal static class AdapterExportCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var input = new BundleTermsInput("keyboard");
        var id = new Option<string?>("--id") { Description = "Adapter; 'adapter list' shows them. Default: the active one.", HelpName = "ID" };
        var command = new Command("export", "Write a user's adapter as a signed bundle, encrypted to another device.") { id, shared.Model };
        input.AddTo(command);
        shared.AddStore(command);
        Invocation.SetAction(command, shared, console, async invocation =>
        {
            var (path, terms) = input.Read(invocation);
            await using var store = await invocation.Store().OpenAsync(create: false, invocation.Cancellation);
            using var library = new AdapterLibrary(store, invocation.Console.Time);
            var model = invocation.Own(invocation.LoadModel());
            var adapter = invocation.Parse.GetValue(id) ?? (await library.GetActiveAsync(invocation.User, invocation.Cancellation))?.Id
                ?? throw new ToolException(ExitCode.NothingToDo, $"'{invocation.User}' has no active adapter; train one with 'personatune learn'");
            using var certificate = store.Keyring.Identity.CreateCertificate("PersonaTune device", invocation.Console.Time.GetUtcNow(), TimeSpan.FromDays(3650));
            using var bundle = new MemoryStream();
            await new AdapterTransfer(model, library, invocation.Console.Time).ExportAsync(invocation.User, adapter, bundle, terms, new ManifestSigner(certificate), invocation.Cancellation);
            BundleTermsInput.Write(invocation, path, terms, bundle, $"adapter {adapter}", "what the adapter learned");
            return ExitCode.Success;
        });
        return command;
    }
}
