namespace PersonaTune.Cli.Terminal;

/// <summary>What a command may know of its surroundings: streams, environment, clock, whether a person is watching.</summary>
internal sealed class ToolConsole
{
    public required TextWriter Out { get; init; }

    public required TextWriter Error { get; init; }

    public required TextReader In { get; init; }

    /// <summary>Whether stdin is a terminal, so that a passphrase can be asked for.</summary>
    public bool CanPrompt { get; init; }

    /// <summary>Whether stderr is a terminal, so that progress can be drawn in place.</summary>
    public bool LiveProgress { get; init; }

    public Func<string, string?> Environment { get; init; } = _ => null;

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The folder for data of this user when no <c>--store</c> is given.</summary>
    public string DataFolder { get; init; } = ".";

    /// <summary>Reads one line without showing it.</summary>
    public Func<string> ReadSecret { get; init; } = () => string.Empty;

    public static ToolConsole System() => new()
    {
        Out = Console.Out,
        Error = Console.Error,
        In = Console.In,
        CanPrompt = !Console.IsInputRedirected && !Console.IsErrorRedirected,
        LiveProgress = !Console.IsErrorRedirected,
        Environment = global::System.Environment.GetEnvironmentVariable,
        DataFolder = Path.Combine(
            global::System.Environment.GetFolderPath(global::System.Environment.SpecialFolder.LocalApplicationData, global::System.Environment.SpecialFolderOption.DoNotVerify),
            "personatune"),
        ReadSecret = SecretLine.Read,
    };
}
