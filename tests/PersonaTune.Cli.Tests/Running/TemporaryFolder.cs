namespace PersonaTune.Cli.Tests.Running;

/// <summary>A folder for one test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("personatune-cli-").FullName;

    public string this[string name] => Path.Combine(_path, name);

    /// <summary>Writes a file and returns its path.</summary>
    public string Write(string name, string content)
    {
        File.WriteAllText(this[name], content);
        return this[name];
    }

    public void Dispose() => Directory.Delete(_path, recursive: true);
}
