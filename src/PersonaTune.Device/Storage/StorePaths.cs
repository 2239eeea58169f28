using PersonaTune.Device.Keys;

namespace PersonaTune.Device.Storage;

/// <summary>The files of a store's folder, their lock, and the steps of creation that a crash may interrupt.</summary>
internal static class StorePaths
{
    public static string Keyring(string folder) => Path.Combine(folder, "keyring.ptk");

    public static string KeyringInCreation(string folder) => Path.Combine(folder, "keyring.ptk.creating");

    public static string Database(string folder) => Path.Combine(folder, "store.db");

    public static string MissingKeyring(string folder) => File.Exists(Database(folder))
        ? "its database is there, its keyring 'keyring.ptk' is missing; restore it from a copy, without it nothing can be read"
        : "there is no store in this folder; create one, or check the path";

    public static void CreateFolder(string folder)
    {
        if (Directory.Exists(folder)) return;
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
        else Directory.CreateDirectory(folder, DurableFile.Private | UnixFileMode.UserExecute);
    }

    /// <summary>Held while the store is open; the system releases it when the process ends, however it ends.</summary>
    public static FileStream TakeLock(string folder)
    {
        var path = Path.Combine(folder, "store.lock");
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (IOException e) when (e is not (DirectoryNotFoundException or FileNotFoundException or PathTooLongException))
        {
            throw new StoreInUseException($"store '{folder}'", e);
        }
    }

    /// <summary>Removes what an interrupted creation left; refuses if a database lies there whose keyring is lost.</summary>
    public static void PrepareCreation(string folder)
    {
        if (File.Exists(KeyringInCreation(folder)))
        {
            foreach (var suffix in (string[])["", "-wal", "-shm", "-journal"]) File.Delete(Database(folder) + suffix);
            File.Delete(KeyringInCreation(folder));
        }
        else if (File.Exists(Database(folder)))
        {
            throw new StoreNotFoundException($"store '{folder}'", MissingKeyring(folder));
        }
    }
}
