using PersonaTune.Cli.Learning;
using PersonaTune.Cli.Options;
using PersonaTune.Device.Adapters;
using PersonaTune.Device.Keyboard;
using PersonaTune.Device.Storage;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Models;

namespace PersonaTune.Cli.Writing;

/// <summary>The model as the user has it: with the adapter of <c>--adapter</c>, else with their active one, else alone.</summary>
internal sealed class AdaptedModel : IAsyncDisposable
{
    private readonly string _user;

    private AdaptedModel(string user, AdapterSlot slot, WorkerPool pool, PersonalSession? session) =>
        (_user, Slot, Pool, Session) = (user, slot, pool, session);

    public AdapterSlot Slot { get; }

    public WorkerPool Pool { get; }

    /// <summary>The user's store and what belongs to it; null with <c>--base</c> or <c>--adapter</c>, or where there is no store.</summary>
    public PersonalSession? Session { get; }

    public DecoderModel Model => Slot.Model;

    /// <summary>The library's entry of the user's active adapter, where that is what runs.</summary>
    public AdapterEntry? Active { get; private init; }

    /// <summary>What is put on top of the base: an id, a file, the store's global adapter, an id on it, or null.</summary>
    public string? AdapterName { get; private init; }

    public static async Task<AdaptedModel> OpenAsync(Invocation invocation, AdapterInput adapter, bool baseAlone)
    {
        var file = invocation.Parse.GetValue(adapter.Adapter);
        if (!baseAlone && file is null && SealedStore.Exists(invocation.Store().Folder))
        {
            var session = await PersonalSession.OpenAsync(invocation, createStore: false);
            try
            {
                var active = await session.Personalizer.UseAsync(invocation.User, invocation.Cancellation);
                return new AdaptedModel(invocation.User, session.Slot, session.Pool, session) { Active = active, AdapterName = Name(active, session.Global) };
            }
            catch
            {
                await session.DisposeAsync();
                throw;
            }
        }

        var model = invocation.LoadModel();
        try
        {
            invocation.TokenizerOf(model);
            return new AdaptedModel(invocation.User, new AdapterSlot(model, adapter.Stack(invocation, model)), invocation.CreatePool(), null) { AdapterName = file };
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>A suggester that knows the user's n-grams where their store is open.</summary>
    public async Task<WordSuggester> CreateSuggesterAsync(SuggestionOptions options, CancellationToken cancellation) => Session is null
        ? new WordSuggester(Slot, Pool, options: options)
        : await Session.Personalizer.CreateSuggesterAsync(_user, options, cancellation);

    private static string? Name(AdapterEntry? active, InstalledGlobalAdapter? global) =>
        global is null ? active?.Id : active is null ? global.Name : $"{active.Id} on {global.Name}";

    public async ValueTask DisposeAsync()
    {
        if (Session is not null)
        {
            await Session.DisposeAsync();
            return;
        }

        Pool.Dispose();
        Model.Dispose();
    }
}
