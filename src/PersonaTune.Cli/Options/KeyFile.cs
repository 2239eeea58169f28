using PersonaTune.Device.Keys;

namespace PersonaTune.Cli.Options;

/// <summary>Opens the file named by <c>--key-file</c>, or makes it for a new store.</summary>
internal static class KeyFile
{
    public static IKeyProtector Open(string path, bool mayCreate) =>
        mayCreate && !File.Exists(path) ? KeyFileProtector.Create(path) : KeyFileProtector.Open(path);
}
