using PersonaTune.Engine.Lora;

namespace PersonaTune.Engine.Inference;

/// <summary>One adapter of a stack: y += <paramref name="Scale"/> * pair.Scale * B (A x).</summary>
/// <param name="Adapter">The adapter; it must not change after the stack was made.</param>
/// <param name="Scale">Strength on top of the adapter's own alpha / r: 1 as trained, 0 off; any finite number.</param>
public readonly record struct AdapterStackEntry(LoraAdapter Adapter, float Scale);
