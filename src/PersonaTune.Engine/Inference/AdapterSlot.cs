using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Inference;

/// <summary>
/// The place where the current adapters of a model are found. A sequence pins the snapshot that it starts with and keeps it to its
/// end, so that no sequence ever mixes adapters; a swap takes effect for every sequence that starts after it, and returns at once
/// whatever is running. Thread-safe: any number of threads may acquire and swap.
/// </summary>
public sealed class AdapterSlot
{
    private readonly Lock _swap = new();
    private AdapterSnapshot _current;

    /// <summary>Creates a slot for a model; without a stack it starts with the plain base.</summary>
    /// <exception cref="AdapterMismatchException">The stack does not fit the model.</exception>
    public AdapterSlot(DecoderModel model, AdapterStack? initial = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        Model = model;
        initial ??= AdapterStack.Empty;
        initial.Validate(model);
        _current = new AdapterSnapshot(this, initial, 0);
    }

    /// <summary>
    /// Raised once for every replaced snapshot, when its last pin is gone, on the thread that let go of it (a swap or the end of a
    /// sequence). Handlers must be quick and must not throw.
    /// </summary>
    public event Action<AdapterSnapshot>? Released;

    /// <summary>The model that every stack must fit.</summary>
    public DecoderModel Model { get; }

    /// <summary>The snapshot that a sequence starting now would pin; not pinned by reading it.</summary>
    public AdapterSnapshot Current => Volatile.Read(ref _current);

    /// <summary>Makes <paramref name="stack"/> current and returns its version; running sequences keep what they pinned.</summary>
    /// <exception cref="AdapterMismatchException">The stack does not fit the model; the slot is unchanged.</exception>
    public long Swap(AdapterStack stack)
    {
        ArgumentNullException.ThrowIfNull(stack);
        stack.Validate(Model);
        AdapterSnapshot replaced;
        long version;
        lock (_swap) // versions rise in the order in which stacks become current
        {
            replaced = _current;
            version = replaced.Version + 1;
            Volatile.Write(ref _current, new AdapterSnapshot(this, stack, version));
        }

        replaced.Release();
        return version;
    }

    /// <summary>Pins the current snapshot for a sequence; dispose the lease when the sequence ends.</summary>
    public AdapterLease Acquire()
    {
        while (true)
        {
            var snapshot = Current;
            if (snapshot.TryPin()) return new AdapterLease(snapshot);
        }
    }

    internal void OnReleased(AdapterSnapshot snapshot) => Released?.Invoke(snapshot);
}
