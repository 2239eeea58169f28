using System.Security.Cryptography;

namespace PersonaTune.Privacy.Signing;

/// <summary>
/// A file that appears whole or not at all: written beside its place, flushed to the disk, then renamed. Whether the new name
/// survives a loss of power at once is the file system's choice; what it names is never half a file.
/// </summary>
internal static class AtomicOutput
{
    public static void Write(string path, Action<Stream> write)
    {
        var full = Path.GetFullPath(path);
        var unfinished = $"{full}.{RandomNumberGenerator.GetHexString(16, lowercase: true)}.part";
        try
        {
            using (var stream = new FileStream(unfinished, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(unfinished, full, overwrite: true);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }
    }
}
