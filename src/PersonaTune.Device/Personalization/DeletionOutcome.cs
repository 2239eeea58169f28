using PersonaTune.Device.Adapters;

namespace PersonaTune.Device.Personalization;

/// <summary>What a deletion of examples did.</summary>
/// <param name="Deleted">Examples deleted.</param>
/// <param name="Invalidated">Adapters that had learned from them; <see cref="Personalizer.RetrainAsync"/> makes one again without them.</param>
/// <param name="Active">What is active now; null for the base model.</param>
public sealed record DeletionOutcome(int Deleted, IReadOnlyList<AdapterEntry> Invalidated, AdapterEntry? Active);
