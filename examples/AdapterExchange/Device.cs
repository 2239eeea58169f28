using PersonaTune.Device.Adapters;
using PersonaTune.Device.Consent;
using PersonaTune.Device.Keys;
using PersonaTune.Device.Personalization;
using PersonaTune.Device.Scheduling;
using PersonaTune.Device.Storage;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Models;
using PersonaTune.Privacy.Sealing;

namespace AdapterExchange;

/// <summary>One device: an encrypted store of its own, a library, the model, and the keys by which others know it.</summary>
internal sealed class Device : IAsyncDisposable
{
    private readonly IKeyProtector _protector;

    private Device(string name, SealedStore store, IKeyProtector protector, HpkeKeyPair transfer, SealedTrustState trust, DecoderModel model, WorkerPool pool)
    {
        (Name, Store, _protector, TransferKey, TrustState) = (name, store, protector, transfer, trust);
        Library = new AdapterLibrary(store);
        Slot = new AdapterSlot(model);
        Transfer = new AdapterTransfer(model, Library);
        var consent = new ConsentPolicy(new ConsentLedger(store, TimeProvider.System), ConsentMode.ImplicitPersonalization, TimeProvider.System);
        Personalizer = new Personalizer(model, pool, store, Library, Slot, new TrainingScheduler(new UnknownDeviceConditions(), SchedulingOptions.Unrestricted, TimeProvider.System), consent);
    }

    public string Name { get; }

    public SealedStore Store { get; }

    public AdapterLibrary Library { get; }

    public AdapterSlot Slot { get; }

    public AdapterTransfer Transfer { get; }

    public Personalizer Personalizer { get; }

    public HpkeKeyPair TransferKey { get; }

    public SealedTrustState TrustState { get; }

    public static async Task<Device> CreateAsync(string name, string folder, DecoderModel model, WorkerPool pool)
    {
        Directory.CreateDirectory(folder);
        var protector = KeyFileProtector.Create(Path.Combine(folder, "key"));
        var store = await SealedStore.CreateAsync(new SealedStoreOptions { Folder = Path.Combine(folder, "store") }, protector);
        return new Device(name, store, protector, await PersonaTune.Device.Adapters.TransferKey.OpenAsync(store), await SealedTrustState.OpenAsync(store), model, pool);
    }

    public async ValueTask DisposeAsync()
    {
        Personalizer.Dispose();
        Library.Dispose();
        TransferKey.Dispose();
        await Store.DisposeAsync();
        (_protector as IDisposable)?.Dispose();
    }
}
