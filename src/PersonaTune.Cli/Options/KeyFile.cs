using PersonaTune.Cli.Failures;
using PersonaTune.Device.Keys;

namespace PersonaTune.Cli.Options;

/// <summary>Opens the file named by <c>--key-file</c>, or makes it for a new store.</summary>
internal static class KeyFile
{
    /// <exception cref="ToolException">The file is to be made in a folder that does not exist.</exception>
    public static IKeyProtector Open(string path, bool mayCreate)
    {
        if (!mayCreate || File.Exists(path)) return KeyFileProtector.Open(path);
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && !Directory.Exists(folder))
            throw new ToolException(ExitCode.BadInput, $"{path}: the new key file's folder does not exist; create it, or attach its medium");
        return KeyFileProtector.Create(path);
    }
}
