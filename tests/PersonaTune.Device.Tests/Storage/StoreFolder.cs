using Microsoft.Data.Sqlite;
using PersonaTune.Device.Keys;
using PersonaTune.Device.Storage;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Device.Tests.Storage;

/// <summary>A temporary folder with a store in it and a key file beside it; deleted on disposal.</summary>
internal sealed class StoreFolder : IDisposable
{
    public static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public StoreFolder()
    {
        Root = Directory.CreateTempSubdirectory("personatune-test-").FullName;
        Store = Path.Combine(Root, "store");
    }

    public string Root { get; }

    public string Store { get; }

    public string Database => Path.Combine(Store, "store.db");

    public string KeyringFile => Path.Combine(Store, "keyring.ptk");

    public string KeyFile => Path.Combine(Root, "outside", "key.ptk");

    /// <summary>The least memory that Argon2id allows, because the tests open many stores.</summary>
    public static PassphraseProtector Passphrase(string text = "correct horse") =>
        PassphraseProtector.FromArgon2id(text, new Argon2Parameters(8, 1, 1));

    public KeyFileProtector CreateKeyFile()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(KeyFile)!);
        return KeyFileProtector.Create(KeyFile);
    }

    public async Task<SealedStore> OpenAsync(IKeyProtector? protector = null, bool acceptRollback = false, Func<string, IRecordStore>? database = null,
        int pageSize = 128)
    {
        using var passphrase = Passphrase();
        return await SealedStore.OpenOrCreateAsync(new SealedStoreOptions
        {
            Folder = Store,
            AcceptRollback = acceptRollback,
            PageSize = pageSize,
            OpenDatabase = database ?? (static path => new SqliteRecordStore(path)),
        }, protector ?? passphrase);
    }

    /// <summary>Changes the database behind the closed store's back.</summary>
    public void Sql(string sql)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = Database, Pooling = false }.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public string CopyTo(string name)
    {
        var target = Path.Combine(Root, name);
        Directory.CreateDirectory(target);
        foreach (var file in Directory.GetFiles(Store)) File.Copy(file, Path.Combine(target, Path.GetFileName(file)), overwrite: true);
        return target;
    }

    public void RestoreFrom(string folder, params string[] files)
    {
        foreach (var file in Directory.GetFiles(Store))
            if (files.Length == 0 || files.Contains(Path.GetFileName(file))) File.Delete(file);
        foreach (var file in Directory.GetFiles(folder))
            if (files.Length == 0 || files.Contains(Path.GetFileName(file))) File.Copy(file, Path.Combine(Store, Path.GetFileName(file)));
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
