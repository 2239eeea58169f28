using System.CommandLine;

namespace PersonaTune.Cli.Options;

/// <summary>Options that several commands share, one instance for a command tree.</summary>
internal sealed class SharedOptions
{
    public Option<bool> Json { get; } = new("--json") { Description = "Write the result as JSON on stdout.", Recursive = true };

    public Option<bool> Quiet { get; } = new("--quiet", "-q") { Description = "No progress on stderr.", Recursive = true };

    public Option<bool> Verbose { get; } = new("--verbose") { Description = "Show the stack trace of a failure.", Recursive = true };

    public Option<int> Threads { get; } = new("--threads")
    {
        Description = "Threads to compute with; 0: one for each processor.",
        HelpName = "N",
        Recursive = true,
    };

    public Option<ulong> Seed { get; } = new("--seed") { Description = "Seed of initialization, shuffling and sampling.", HelpName = "N", Recursive = true };

    public Option<string?> Model { get; } = new("--model", "-m")
    {
        Description = "GGUF model. Default: models/keyboard-base-q8_0.gguf beside the tool or in a folder above the current one.",
        HelpName = "FILE",
    };

    public Option<string?> Store { get; } = new("--store")
    {
        Description = "Folder of the encrypted store. Default: the user's data folder, or PERSONATUNE_STORE.",
        HelpName = "DIR",
    };

    public Option<string> User { get; } = new("--user", "-u")
    {
        Description = "Whose messages and adapters. Default: me.",
        HelpName = "NAME",
        DefaultValueFactory = _ => "me",
    };

    public Option<string?> PassphraseFile { get; } = new("--passphrase-file")
    {
        Description = "File whose first line is the passphrase. Without it: PERSONATUNE_PASSPHRASE, then a prompt.",
        HelpName = "FILE",
    };

    public Option<string?> KeyFile { get; } = new("--key-file")
    {
        Description = "File with a random key, in place of a passphrase; a new store creates it.",
        HelpName = "FILE",
    };

    /// <summary>Adds what every command understands.</summary>
    public void AddGlobal(RootCommand root)
    {
        Threads.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 0 or > 1024) result.AddError("--threads: expected 0 to 1024");
        });
        foreach (Option option in (Option[])[Json, Quiet, Verbose, Threads, Seed]) root.Add(option);
    }

    /// <summary>Adds what names a store and opens it.</summary>
    public void AddStore(Command command)
    {
        foreach (Option option in (Option[])[Store, User, PassphraseFile, KeyFile]) command.Add(option);
    }
}
