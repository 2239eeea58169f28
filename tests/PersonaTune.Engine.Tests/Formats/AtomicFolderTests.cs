using PersonaTune.Engine.Formats;

namespace PersonaTune.Engine.Tests.Formats;

public sealed class AtomicFolderTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();

    [Fact]
    public void A_folder_appears_whole()
    {
        AtomicFolder.Write(At("new"), null, folder =>
        {
            File.WriteAllText(Path.Combine(folder, "a"), "1");
            Assert.False(Directory.Exists(At("new")));
        });
        Assert.Equal(["a"], Names(At("new")));
        Directory.CreateDirectory(At("empty"));
        AtomicFolder.Write(At("empty"), null, folder => File.WriteAllText(Path.Combine(folder, "b"), "2"));
        Assert.Equal(["b"], Names(At("empty")));
        Assert.Equal(["empty", "new"], Names(_folder.FullName));
    }

    [Fact]
    public void A_failure_leaves_the_old_folder_and_nothing_else()
    {
        AtomicFolder.Write(At("kept"), null, folder => File.WriteAllText(Path.Combine(folder, "a"), "old"));
        Assert.Throws<InvalidOperationException>(() => AtomicFolder.Write(At("kept"), ["a"], folder =>
        {
            File.WriteAllText(Path.Combine(folder, "a"), "new");
            throw new InvalidOperationException();
        }));
        Assert.Equal("old", File.ReadAllText(Path.Combine(At("kept"), "a")));
        Assert.Equal(["kept"], Names(_folder.FullName));
        AtomicFolder.Write(At("kept"), ["a"], folder => File.WriteAllText(Path.Combine(folder, "a"), "new"));
        Assert.Equal("new", File.ReadAllText(Path.Combine(At("kept"), "a")));
        Assert.Equal(["kept"], Names(_folder.FullName));
    }

    [Fact]
    public void What_may_not_be_replaced_is_named()
    {
        File.WriteAllText(At("file"), "mine");
        Assert.Contains("is a file", Assert.Throws<IOException>(() => AtomicFolder.Write(At("file"), ["a"], _ => { })).Message, StringComparison.Ordinal);
        Assert.Contains("root", Assert.Throws<IOException>(() => AtomicFolder.Write("/", ["a"], _ => { })).Message, StringComparison.Ordinal);
        Directory.CreateDirectory(At("folder/a"));
        Assert.Contains("not empty", Assert.Throws<IOException>(() => AtomicFolder.Write(At("folder"), null, _ => { })).Message, StringComparison.Ordinal);
        Assert.Contains("'a'", Assert.Throws<IOException>(() => AtomicFolder.Write(At("folder"), ["a"], _ => { })).Message, StringComparison.Ordinal);
        Assert.Equal(["file", "folder"], Names(_folder.FullName));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static string[] Names(string folder) => [.. Directory.GetFileSystemEntries(folder).Select(entry => Path.GetFileName(entry)!).Order(StringComparer.Ordinal)];

    private string At(string name) => Path.Combine(_folder.FullName, name);
}
