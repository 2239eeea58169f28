using System.CommandLine;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Privacy.Signing;

namespace PersonaTune.Cli.Adapters;

/// <summary><c>adapter trust</c>: writes the document that says whom to believe.</summary>
internal static class AdapterTrustCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var file = new Argument<string>("file") { Description = "Trust file to write; an existing one is extended.", HelpName = "FILE" };
        var audience = new Option<string?>("--audience") { Description = "This application's name; needed for a new file.", HelpName = "NAME" };
        var pin = new Option<string[]>("--pin") { Description = "Signing key to believe (64 hexadecimal digits, from 'adapter keys'); may be repeated.", HelpName = "KEY" };
        var revoke = new Option<string[]>("--revoke") { Description = "Signing key not to believe any more; may be repeated.", HelpName = "KEY" };
        var revokeAdapter = new Option<string[]>("--revoke-adapter") { Description = "Adapter that must not be used any more; may be repeated.", HelpName = "NAME" };
        var command = new Command("trust", "Write or extend a trust file: whose signed adapters this device imports.") { file, audience, pin, revoke, revokeAdapter };
        Invocation.SetAction(command, shared, console, invocation =>
        {
            var path = invocation.Parse.GetValue(file)!;
            var known = File.Exists(path) ? TrustStore.Load(path) : null;
            var name = invocation.Parse.GetValue(audience) ?? known?.Audience ?? throw new ToolException(ExitCode.Usage, $"{path}: a new trust file needs --audience NAME");
            if (known is not null && known.Audience != name) throw new ToolException(ExitCode.Usage, $"{path}: is for '{known.Audience}', not '{name}'; write another file");
            var store = (known ?? new TrustStore { Audience = name }) with { };
            store = store with
            {
                PinnedKeys = [.. store.PinnedKeys.Concat(Keys(invocation.Parse.GetValue(pin))).Distinct()],
                RevokedKeys = [.. store.RevokedKeys.Concat(Keys(invocation.Parse.GetValue(revoke))).Distinct()],
                RevokedAdapters = [.. store.RevokedAdapters.Concat(invocation.Parse.GetValue(revokeAdapter) ?? []).Distinct(StringComparer.Ordinal)],
            };
            store.Save(path);
            invocation.Report($"{path}: for '{name}', {store.PinnedKeys.Count} keys pinned, {store.RevokedKeys.Count} revoked, {store.RevokedAdapters.Count} adapters revoked", json =>
            {
                json.WriteString("file", path);
                json.WriteString("audience", name);
                json.WriteNumber("pinnedKeys", store.PinnedKeys.Count);
                json.WriteNumber("revokedKeys", store.RevokedKeys.Count);
                json.WriteNumber("revokedAdapters", store.RevokedAdapters.Count);
            });
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    private static IEnumerable<Sha256Digest> Keys(string[]? texts) => (texts ?? []).Select(text =>
        Sha256Digest.TryParse(text, out var key) ? key : throw new ToolException(ExitCode.Usage, $"'{text}' is no key; expected 64 lower-case hexadecimal digits, as 'personatune adapter keys' shows them"));
}
