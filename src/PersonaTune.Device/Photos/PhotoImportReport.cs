using PersonaTune.Device.Adapters;

namespace PersonaTune.Device.Photos;

/// <summary>What an import brought.</summary>
/// <param name="Labels">The labels that the model knows, in the order of its outputs.</param>
/// <param name="UsesAdapter">Whether it has LoRA, or a head alone.</param>
/// <param name="Origin">Who signed it, under which name and version, and how long it may be used.</param>
public sealed record PhotoImportReport(IReadOnlyList<string> Labels, bool UsesAdapter, AdapterProvenance Origin);
