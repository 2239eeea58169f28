using PersonaTune.Cli.Options;
using PersonaTune.Device.Adapters;
using PersonaTune.Device.Consent;
using PersonaTune.Device.Personalization;
using PersonaTune.Device.Scheduling;
using PersonaTune.Device.Storage;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Models;

namespace PersonaTune.Cli.Learning;

/// <summary>Everything that learning and suggesting for one user need, opened together and closed in the right order.</summary>
internal sealed class PersonalSession : IAsyncDisposable
{
    private readonly TimeProvider _time;

    private PersonalSession(Invocation invocation, SealedStore store, DecoderModel model, PersonalizationOptions options)
    {
        _time = invocation.Console.Time;
        (Store, Model, Pool, Slot) = (store, model, invocation.CreatePool(), new AdapterSlot(model));
        Library = new AdapterLibrary(store, _time);
        Personalizer = Create(options);
    }

    public SealedStore Store { get; }

    public DecoderModel Model { get; }

    public WorkerPool Pool { get; }

    public AdapterSlot Slot { get; }

    public AdapterLibrary Library { get; }

    public Personalizer Personalizer { get; private set; }

    /// <summary>The global adapter of the store beneath the user's own; null for none.</summary>
    public InstalledGlobalAdapter? Global { get; private init; }

    public static async Task<PersonalSession> OpenAsync(Invocation invocation, bool createStore, PersonalizationOptions? options = null)
    {
        // The store first: a wrong passphrase should not wait for a model.
        var store = await invocation.Store().OpenAsync(createStore, invocation.Cancellation);
        DecoderModel? model = null;
        try
        {
            model = invocation.LoadModel();
            invocation.TokenizerOf(model);
            var global = await InstalledGlobalAdapter.LoadAsync(store, model, invocation.Cancellation);
            var session = new PersonalSession(invocation, store, model, options ?? new PersonalizationOptions()) { Global = global };
            await session.UseGlobalAsync(invocation.Cancellation);
            return session;
        }
        catch
        {
            model?.Dispose();
            await store.DisposeAsync();
            throw;
        }
    }

    /// <summary>Replaces the personalizer by one with other settings.</summary>
    public Task UseOptionsAsync(PersonalizationOptions options, CancellationToken cancellation)
    {
        Personalizer.Dispose();
        Personalizer = Create(options);
        return UseGlobalAsync(cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        Personalizer.Dispose();
        Library.Dispose();
        Pool.Dispose();
        Model.Dispose();
        await Store.DisposeAsync();
    }

    private Task UseGlobalAsync(CancellationToken cancellation) =>
        Global is null ? Task.CompletedTask : Personalizer.UseGlobalAsync(Global.Adapter, Global.Scale, cancellation);

    private Personalizer Create(PersonalizationOptions options)
    {
        // Whoever calls the tool decides when to train; conditions of the device are for applications.
        var scheduler = new TrainingScheduler(new UnknownDeviceConditions(), SchedulingOptions.Unrestricted, _time);

        // Whoever types a learning command at their own store agrees by doing so, unless a withdrawal is recorded.
        var consent = new ConsentPolicy(new ConsentLedger(Store, _time), ConsentMode.ImplicitPersonalization, _time);
        return new Personalizer(Model, Pool, Store, Library, Slot, scheduler, consent, options, _time);
    }
}
