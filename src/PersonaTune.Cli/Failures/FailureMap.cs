using PersonaTune.Engine;
using PersonaTune.Engine.Formats;

namespace PersonaTune.Cli.Failures;

/// <summary>Exceptions that the tool foresees, as exit code and one message. What it does not foresee ends with a stack trace.</summary>
internal static class FailureMap
{
    public static Failure? Describe(Exception exception, bool interrupted) => exception switch
    {
        ToolException tool => new Failure(tool.Code, tool.Message),
        OperationCanceledException when interrupted => new Failure(ExitCode.Interrupted, "interrupted"),
        FileFormatException format => new Failure(ExitCode.BadInput, format.Message),
        EngineException engine => new Failure(ExitCode.Failure, engine.Message),
        FileNotFoundException { FileName: { } name } => new Failure(ExitCode.BadInput, $"{name}: no such file"),
        DirectoryNotFoundException or UnauthorizedAccessException => new Failure(ExitCode.BadInput, exception.Message),
        IOException io => new Failure(ExitCode.Failure, io.Message),
        _ => null,
    };
}
