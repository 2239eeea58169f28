using System.CommandLine;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Terminal;
using PersonaTune.Device.Keys;
using PersonaTune.Device.Storage;

namespace PersonaTune.Cli.Options;

/// <summary>Finds the store and the secret that opens it: key file, passphrase file, environment variable, or a prompt, in this order.</summary>
internal sealed class StoreAccess(ParseResult parse, SharedOptions shared, ToolConsole console, Invocation invocation)
{
    public const string PassphraseVariable = "PERSONATUNE_PASSPHRASE";
    public const string StoreVariable = "PERSONATUNE_STORE";

    public string Folder => parse.GetValue(shared.Store) ?? console.Environment(StoreVariable) ?? Path.Combine(console.DataFolder, "store");

    /// <summary>Opens the store; a missing one is created where <paramref name="create"/> is set.</summary>
    /// <exception cref="ToolException">There is no store, or no secret was given.</exception>
    public async Task<SealedStore> OpenAsync(bool create, CancellationToken cancellation)
    {
        var exists = SealedStore.Exists(Folder);
        if (!exists && !create)
            throw new ToolException(ExitCode.NothingToDo, $"{Folder}: no store here; make one with 'personatune store add' or 'personatune learn', or name another with --store");

        // An open store still asks a key file's protector for its anchor.
        var protector = invocation.Own(Protector(isNew: !exists));
        var options = new SealedStoreOptions { Folder = Folder };
        return await (exists ? SealedStore.OpenAsync(options, protector, cancellation) : SealedStore.CreateAsync(options, protector, cancellation));
    }

    private IKeyProtector Protector(bool isNew)
    {
        if (parse.GetValue(shared.KeyFile) is { } keyFile)
        {
            if (parse.GetValue(shared.PassphraseFile) is not null)
                throw new ToolException(ExitCode.Usage, "--key-file and --passphrase-file: expected one of them, found both");
            return KeyFile.Open(keyFile, mayCreate: isNew);
        }

        return PassphraseProtector.FromArgon2id(Passphrase(parse.GetValue(shared.PassphraseFile), PassphraseVariable, isNew, console));
    }

    /// <summary>A passphrase from a file, an environment variable, or a prompt.</summary>
    public static string Passphrase(string? file, string variable, bool isNew, ToolConsole console)
    {
        if (file is not null) return FirstLine(file);
        if (console.Environment(variable) is { Length: > 0 } value) return value;
        if (!console.CanPrompt)
            throw new ToolException(ExitCode.Usage, $"no passphrase: set {variable}, or give --passphrase-file or --key-file");
        console.Error.Write(isNew ? "New passphrase: " : "Passphrase: ");
        var typed = console.ReadSecret();
        if (typed.Length == 0) throw new ToolException(ExitCode.Usage, "the passphrase is empty; expected at least one character");
        if (!isNew) return typed;
        console.Error.Write("The same again: ");
        return string.Equals(console.ReadSecret(), typed, StringComparison.Ordinal) ? typed : throw new ToolException(ExitCode.Usage, "the two passphrases differ; try again");
    }

    private static string FirstLine(string file)
    {
        using var reader = new StreamReader(file);
        return reader.ReadLine() is { Length: > 0 } line
            ? line
            : throw new ToolException(ExitCode.BadInput, $"{file}: its first line is empty; expected the passphrase");
    }
}
