using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Lora;

namespace PersonaTune.Device.Personalization;

public sealed partial class Personalizer
{
    // Beneath everybody's personal adapter.
    private volatile GlobalLayer _global = GlobalLayer.None;

    /// <summary>The global adapter that lies beneath personal ones, as a stack of one or none.</summary>
    public AdapterStack GlobalAdapter => _global.Stack;

    /// <summary>
    /// Puts a released global adapter beneath personal ones, or takes it away with null: sequences that start from now on run base, global adapter and the person's own. Trainings that begin
    /// from now on learn what base and global adapter together leave, and their adapters are gated, tuned and watched with both; an interrupted one that began above another global adapter
    /// starts anew. A personal adapter that is active already stays, with the new one beneath: the next training replaces it if it does better, and one that became worse is taken back on
    /// regression.
    /// </summary>
    /// <exception cref="AdapterMismatchException">The adapter is for another base model; nothing changed.</exception>
    public async Task UseGlobalAsync(LoraAdapter? adapter, float scale = 1, CancellationToken cancellationToken = default)
    {
        var layer = adapter is null ? GlobalLayer.None : GlobalLayer.Of(adapter, scale);
        layer.Stack.Validate(_model);
        _global = layer;
        if (CurrentUser is { } user) await StateLockedAsync(() => SwapAsync(user, adopt: false, cancellationToken), cancellationToken);
        else _slot.Swap(layer.Stack);
    }
}
