namespace PersonaTune.Cli.Failures;

/// <summary>The tool's exit codes; <c>docs/tool.md</c> explains them.</summary>
internal static class ExitCode
{
    public const int Success = 0;

    /// <summary>A failure that no other code names.</summary>
    public const int Failure = 1;

    /// <summary>Unknown command or option, missing or impossible value.</summary>
    public const int Usage = 2;

    /// <summary>An input file is missing, empty, truncated or not what it claims to be.</summary>
    public const int BadInput = 3;

    /// <summary>Wrong passphrase or key, or the store was tampered with.</summary>
    public const int StoreRefused = 4;

    /// <summary>A trained or imported adapter was not better than what is in use.</summary>
    public const int GateRejected = 5;

    /// <summary>An adapter and a model do not belong together.</summary>
    public const int WrongBase = 6;

    /// <summary>Too little text, no such user, adapter or checkpoint: nothing to work on.</summary>
    public const int NothingToDo = 7;

    /// <summary>Stopped by SIGINT or SIGTERM; training can be resumed.</summary>
    public const int Interrupted = 130;
}
