using System.CommandLine;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Device.Keys;
using PersonaTune.Device.Storage;

namespace PersonaTune.Cli.Stores;

/// <summary><c>store rotate</c>: new keys, or a new passphrase.</summary>
internal static class StoreRotateCommand
{
    private const string NewPassphraseVariable = "PERSONATUNE_NEW_PASSPHRASE";

    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var records = new Option<bool>("--records") { Description = "Seal every record again under fresh keys as well. Default: only the master key is replaced." };
        var change = new Option<bool>("--change-passphrase") { Description = $"Ask for a new passphrase (or take it from {NewPassphraseVariable})." };
        var file = new Option<string?>("--new-passphrase-file") { Description = "File whose first line is the new passphrase.", HelpName = "FILE" };
        var command = new Command("rotate", "Replace the store's keys, or its passphrase.") { records, change, file };
        shared.AddStore(command);
        Invocation.SetAction(command, shared, console, invocation =>
            RunAsync(invocation, invocation.Parse.GetValue(records), invocation.Parse.GetValue(change), invocation.Parse.GetValue(file)));
        return command;
    }

    private static async Task<int> RunAsync(Invocation invocation, bool records, bool change, string? newPassphraseFile)
    {
        await using var store = await invocation.Store().OpenAsync(create: false, invocation.Cancellation);
        var changed = change || newPassphraseFile is not null;
        if (changed)
        {
            var slots = store.Keyring.Protectors.Where(slot => slot.Kind == "passphrase").ToList();
            if (slots.Count != 1)
                throw new ToolException(ExitCode.Usage, $"the store has {slots.Count} passphrases; expected one to replace");
            using var protector = PassphraseProtector.FromArgon2id(StoreAccess.Passphrase(newPassphraseFile, NewPassphraseVariable, isNew: true, invocation.Console));
            store.Keyring.ReplaceProtector(slots[0].Number, protector);
        }

        var resumed = await store.ResumeRotationAsync(progress: null, invocation.Cancellation);
        if (!resumed || !records) await store.RotateAsync(records ? RotationScope.Records : RotationScope.MasterKey, progress: null, invocation.Cancellation);
        var statistics = await store.StatisticsAsync(invocation.Cancellation);
        if (invocation.Json)
        {
            JsonReport.Write(invocation.Console.Out, json =>
            {
                json.WriteString("scope", records ? "records" : "master-key");
                json.WriteBoolean("passphraseChanged", changed);
                json.WriteNumber("masterEpoch", statistics.MasterEpoch);
                json.WriteNumber("keyringGeneration", statistics.KeyringGeneration);
            });
        }
        else invocation.Console.Out.WriteLine($"{(records ? "every record is sealed under new keys" : "the master key is new")}{(changed ? "; the passphrase is changed" : string.Empty)}");

        return ExitCode.Success;
    }
}
