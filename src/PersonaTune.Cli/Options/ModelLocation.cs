using PersonaTune.Cli.Failures;

namespace PersonaTune.Cli.Options;

/// <summary>Finds the model file.</summary>
internal static class ModelLocation
{
    public const string DefaultName = "keyboard-base-q8_0.gguf";

    /// <summary>The given file, or the shipped base model beside the tool or in <c>models/</c> of a folder above.</summary>
    /// <exception cref="ToolException">There is no such file.</exception>
    public static string Find(string? given)
    {
        if (given is not null)
            return File.Exists(given)
                ? given
                : throw new ToolException(ExitCode.BadInput, $"{given}: no such model file; give a GGUF file with --model");
        return FindShipped(DefaultName) ?? throw new ToolException(ExitCode.BadInput,
            $"no models/{DefaultName} beside the tool or in a folder above '{Directory.GetCurrentDirectory()}'; give a GGUF file with --model");
    }

    /// <summary>A model in <c>models/</c> beside the tool or in a folder above it or the current one; null where there is none.</summary>
    public static string? FindShipped(string name)
    {
        foreach (var start in (string[])[AppContext.BaseDirectory, Directory.GetCurrentDirectory()])
            for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
                if (Path.Combine(folder.FullName, "models", name) is var file && File.Exists(file)) return file;
        return null;
    }
}
