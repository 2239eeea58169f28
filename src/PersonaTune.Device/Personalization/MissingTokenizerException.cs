namespace PersonaTune.Device.Personalization;

/// <summary>The base model file carries no tokenizer, so that text cannot be learned.</summary>
public sealed class MissingTokenizerException(string modelDigest) : PersonalizationException(
    $"base model {modelDigest}", "a tokenizer in the model file", "none", "use a GGUF file with tokenizer metadata");
