using System.Runtime.InteropServices;

namespace PersonaTune.Device.Keys;

/// <summary>Files that survive a loss of power: written beside, flushed, renamed, and the folder's entry flushed.</summary>
internal static partial class DurableFile
{
    /// <summary>Owner may read and write, nobody else.</summary>
    public const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Creates or replaces a file atomically. A replaced file's bytes are overwritten with zeros.</summary>
    public static void Replace(string path, ReadOnlySpan<byte> content)
    {
        var temporary = path + ".new";
        using (var stream = Create(temporary, FileMode.Create))
        {
            stream.Write(content);
            stream.Flush(flushToDisk: true);
        }
        using var old = File.Exists(path) && !OperatingSystem.IsWindows()
            ? new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete)
            : null;
        File.Move(temporary, path, overwrite: true);
        FlushFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
        if (old is null) return;
        old.Write(new byte[checked((int)old.Length)]);
        old.Flush(flushToDisk: true);
    }

    /// <summary>Overwrites part of an existing file and flushes it.</summary>
    public static void WriteAt(string path, long offset, ReadOnlySpan<byte> content)
    {
        using var stream = Create(path, FileMode.Open);
        stream.Position = offset;
        stream.Write(content);
        stream.Flush(flushToDisk: true);
    }

    /// <summary>Flushes a folder's entries; a platform without that operation orders them by itself.</summary>
    public static void FlushFolder(string folder)
    {
        if (OperatingSystem.IsWindows()) return;
        var descriptor = Open(folder, 0);
        if (descriptor < 0) return;
        _ = FSync(descriptor);
        _ = Close(descriptor);
    }

    private static FileStream Create(string path, FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.Write, Share = FileShare.Read, BufferSize = 0 };
        if (!OperatingSystem.IsWindows() && mode != FileMode.Open) options.UnixCreateMode = Private;
        return new FileStream(path, options);
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int FSync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
