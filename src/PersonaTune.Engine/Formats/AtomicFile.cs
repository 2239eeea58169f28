namespace PersonaTune.Engine.Formats;

/// <summary>Writes files so that a reader, or a crash at any point, sees the old content or the new one and nothing between.</summary>
public static class AtomicFile
{
    /// <summary>
    /// Calls <paramref name="write"/> with a new file beside <paramref name="path"/>, flushes it to the disk and renames it over
    /// <paramref name="path"/>. On failure the new file is deleted and the old one stays.
    /// </summary>
    /// <exception cref="IOException">The folder is missing, not writable or full.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        var target = Path.GetFullPath(path);
        var temporary = Path.Combine(Path.GetDirectoryName(target)!, $".{Path.GetFileName(target)}.{Path.GetRandomFileName()}.tmp");
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, target, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }
}
