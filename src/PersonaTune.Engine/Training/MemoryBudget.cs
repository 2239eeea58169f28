namespace PersonaTune.Engine.Training;

/// <summary>
/// Bytes that training may allocate for activations, scratch, adapter, gradients and optimizer. The model itself is mapped from its
/// file and not counted: the operating system may drop those pages at any time.
/// </summary>
/// <param name="Bytes">The limit, above 0.</param>
public sealed record MemoryBudget(long Bytes);
