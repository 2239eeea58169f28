namespace PersonaTune.Cli.Simulation;

/// <summary>How a lying device lies.</summary>
internal enum LiarKind
{
    /// <summary>It reports the opposite of what it learned, a hundred times as long. Clipping bounds what that does.</summary>
    Flip,

    /// <summary>It reports no number. Encoding refuses, and nothing is sent.</summary>
    NotANumber,

    /// <summary>It sends every message without its last byte.</summary>
    Truncate,

    /// <summary>It changes a bit of every message after it was signed.</summary>
    Forge,

    /// <summary>It sends every request twice, bit for bit.</summary>
    Replay,

    /// <summary>It sends messages of two megabytes.</summary>
    Oversize,
}
