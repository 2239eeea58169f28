namespace PersonaTune.Engine.Formats;

/// <summary>Writes folders so that a reader, or a crash, sees a whole one or none. The folder's counterpart of <see cref="AtomicFile"/>.</summary>
public static class AtomicFolder
{
    /// <summary>
    /// Calls <paramref name="write"/> with an empty folder beside <paramref name="path"/> and renames it to <paramref name="path"/>. A folder that is there already is put
    /// aside for the exchange and comes back if that fails. A crash between the two renames leaves the old folder beside <paramref name="path"/> under a name that ends in
    /// <c>.old</c>.
    /// </summary>
    /// <param name="path">The folder; its parent must exist or be creatable.</param>
    /// <param name="replaceable">Names of the files that a folder may hold to be replaced; null lets only an empty folder be replaced.</param>
    /// <param name="write">Fills the folder that it is given.</param>
    /// <exception cref="IOException">A file has the name, the folder holds what may not be replaced, or something cannot be written.</exception>
    public static void Write(string path, IReadOnlyCollection<string>? replaceable, Action<string> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        var target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        var parent = Path.GetDirectoryName(target) ?? throw new IOException($"'{path}' is the root of the file system; choose a folder in it");
        if (File.Exists(target)) throw new IOException($"'{path}' is a file; choose another name for the folder");
        DemandReplaceable(target, path, replaceable);
        var name = $".{Path.GetFileName(target)}.{Path.GetRandomFileName()}";
        var (temporary, aside) = (Path.Combine(parent, name + ".tmp"), Path.Combine(parent, name + ".old"));
        try
        {
            Directory.CreateDirectory(temporary);
            write(temporary);
            Exchange(temporary, target, aside);
        }
        finally
        {
            if (Directory.Exists(temporary)) Directory.Delete(temporary, recursive: true);
        }

        if (Directory.Exists(aside)) Directory.Delete(aside, recursive: true);
    }

    private static void Exchange(string temporary, string target, string aside)
    {
        var replaces = Directory.Exists(target);
        if (replaces) Directory.Move(target, aside);
        try
        {
            Directory.Move(temporary, target);
        }
        catch when (replaces)
        {
            Directory.Move(aside, target);
            throw;
        }
    }

    // Whoever trains keeps more than the adapter in its folder: checkpoints, a model card, a repository.
    private static void DemandReplaceable(string target, string path, IReadOnlyCollection<string>? replaceable)
    {
        if (!Directory.Exists(target)) return;
        foreach (var entry in Directory.EnumerateFileSystemEntries(target))
        {
            var name = Path.GetFileName(entry);
            if (replaceable is null) throw new IOException($"'{path}' exists and is not empty; choose another folder, or allow overwriting");
            if (!replaceable.Contains(name) || Directory.Exists(entry))
                throw new IOException($"'{path}' holds '{name}', which overwriting would delete; choose another folder, or move it away");
        }
    }
}
