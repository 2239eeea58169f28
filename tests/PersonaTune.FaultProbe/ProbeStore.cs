using PersonaTune.Device.Keys;
using PersonaTune.Device.Storage;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.FaultProbe;

/// <summary>The store that probe and test share, and its passphrase.</summary>
public static class ProbeStore
{
    /// <summary>When every example was made.</summary>
    public static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    /// <summary>Opens or creates the store; the passphrase has the least cost, because it is opened often.</summary>
    public static async Task<SealedStore> OpenAsync(string folder)
    {
        using var passphrase = PassphraseProtector.FromArgon2id("fault probe", new Argon2Parameters(8, 1, 1));
        return await SealedStore.OpenOrCreateAsync(new SealedStoreOptions { Folder = folder }, passphrase);
    }
}
