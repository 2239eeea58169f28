using System.CommandLine;
using PersonaTune.Cli.Options;
using PersonaTune.Device.Adapters;
using PersonaTune.Device.Personalization;
using PersonaTune.Device.Storage;
using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;

namespace PersonaTune.Cli.Writing;

/// <summary>The model as the user has it: with the adapter of <c>--adapter</c>, else with their active one, else alone.</summary>
internal sealed class AdaptedModel : IAsyncDisposable
{
    private AdaptedModel(DecoderModel model, WorkerPool pool, SealedStore? store) => (Model, Pool, Store, Slot) = (model, pool, store, new AdapterSlot(model));

    public DecoderModel Model { get; }

    public WorkerPool Pool { get; }

    public AdapterSlot Slot { get; }

    /// <summary>The store that was opened for the user's adapter; null with <c>--base</c> or <c>--adapter</c>, or where there is none.</summary>
    public SealedStore? Store { get; }

    /// <summary>What is put on top of the base: an id, a file, or null.</summary>
    public string? AdapterName { get; private set; }

    /// <summary>The library's entry of the user's active adapter, where that is what runs.</summary>
    public AdapterEntry? Active { get; private set; }

    public static async Task<AdaptedModel> OpenAsync(Invocation invocation, AdapterInput adapter, bool baseAlone)
    {
        var file = invocation.Parse.GetValue(adapter.Adapter);
        var access = invocation.Store();
        var useStore = !baseAlone && file is null && SealedStore.Exists(access.Folder);
        var store = useStore ? await access.OpenAsync(create: false, invocation.Cancellation) : null;
        AdaptedModel? adapted = null;
        try
        {
            var model = invocation.LoadModel();
            adapted = new AdaptedModel(model, invocation.CreatePool(), store);
            invocation.TokenizerOf(model);
            if (file is not null)
            {
                adapted.Slot.Swap(adapter.Stack(invocation, model));
                adapted.AdapterName = file;
            }
            else if (store is not null) await adapted.UseActiveAsync(store, invocation);

            return adapted;
        }
        catch
        {
            if (adapted is not null) await adapted.DisposeAsync();
            else if (store is not null) await store.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Pool.Dispose();
        Model.Dispose();
        if (Store is not null) await Store.DisposeAsync();
    }

    private async Task UseActiveAsync(SealedStore store, Invocation invocation)
    {
        using var library = new AdapterLibrary(store, invocation.Console.Time);
        if (await library.GetActiveAsync(invocation.User, invocation.Cancellation) is not { } active) return;
        if (!string.Equals(active.Manifest.BaseDigest, Model.Digest, StringComparison.Ordinal))
            throw new WrongBaseModelException($"adapter '{active.Id}' of '{invocation.User}'", active.Manifest.BaseDigest, Model.Digest);
        var weights = await library.ReadWeightsAsync(invocation.User, active.Id, invocation.Cancellation);
        using var file = GgufFile.FromBytes(weights.Span, $"adapter '{active.Id}'");
        Slot.Swap(AdapterStack.Of(LoraGguf.Read(file, Model)));
        (AdapterName, Active) = (active.Id, active);
    }
}
