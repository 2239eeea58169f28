using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Lora;

namespace PersonaTune.Device.Personalization;

public sealed partial class Personalizer
{
    // Beneath everybody's personal adapter; empty without one.
    private volatile AdapterStack _global = AdapterStack.Empty;

    /// <summary>The global adapter that lies beneath personal ones, as a stack of one or none.</summary>
    public AdapterStack GlobalAdapter => _global;

    /// <summary>
    /// Puts a released global adapter beneath personal ones, or takes it away with null: sequences that start from now on run base, global adapter and the person's own. Personal adapters are
    /// trained on the base alone, but gated, tuned and watched together with the global one, so one that does not go with it is not promoted, or is taken back on regression.
    /// </summary>
    /// <exception cref="AdapterMismatchException">The adapter is for another base model; nothing changed.</exception>
    public async Task UseGlobalAsync(LoraAdapter? adapter, float scale = 1, CancellationToken cancellationToken = default)
    {
        var stack = adapter is null ? AdapterStack.Empty : AdapterStack.Of(adapter, scale);
        stack.Validate(_model);
        _global = stack;
        if (CurrentUser is { } user) await StateLockedAsync(() => SwapAsync(user, adopt: false, cancellationToken), cancellationToken);
        else _slot.Swap(stack);
    }
}
