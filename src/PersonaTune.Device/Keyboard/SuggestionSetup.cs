using PersonaTune.Engine.Inference;

namespace PersonaTune.Device.Keyboard;

/// <summary>What suggests in one method: a model with adapters, perhaps mixed with a cache, or n-grams alone.</summary>
internal sealed record SuggestionSetup(KeyboardMethod Method, AdapterStack? Adapters, NGramCache? Cache, CacheMixture? Mixture,
    KneserNeyModel? KneserNey);
