using PersonaTune.Device.Personalization;

namespace PersonaTune.Device.Adapters;

/// <summary>
/// Where an adapter comes from: enough to know what it learned from, to judge it, and to make it again. Immutable; signed by the device
/// key and sealed with the adapter. It holds no text of the person.
/// </summary>
public sealed record AdapterManifest
{
    /// <summary>Version of this record's layout. 1.</summary>
    public int FormatVersion { get; init; } = 1;

    /// <summary>Identifier inside the library: 16 lower-case hex digits.</summary>
    public required string Id { get; init; }

    /// <summary>The adapter that was active when this one was trained; null for the base model.</summary>
    public string? ParentId { get; init; }

    /// <summary>The person whose examples it learned from.</summary>
    public required string User { get; init; }

    /// <summary>Collection of the examples.</summary>
    public required string Collection { get; init; }

    /// <summary><see cref="Engine.Models.DecoderModel.Digest"/> of the base.</summary>
    public required string BaseDigest { get; init; }

    /// <summary><see cref="Engine.Tokenization.ITokenizer.Digest"/> of the base's tokenizer.</summary>
    public required string TokenizerDigest { get; init; }

    /// <summary>SHA-256 of the global adapter above which it was trained, with its scale, lower-case hex; null where it was trained on the base alone.</summary>
    [System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull)]
    public string? GlobalDigest { get; init; }

    /// <summary>Ids of the examples whose gradients it holds, in training order.</summary>
    public required IReadOnlyList<string> TrainingExamples { get; init; }

    /// <summary>Ids of the examples that chose its epochs and passed it through the gate.</summary>
    public required IReadOnlyList<string> ValidationExamples { get; init; }

    /// <summary>Whether, after the gate, it was trained anew on training and validation examples together.</summary>
    public bool Refitted { get; init; }

    /// <summary>SHA-256 over both lists of ids, lower-case hex.</summary>
    public required string ExampleSetDigest { get; init; }

    /// <summary>Hyper-parameters and seed.</summary>
    public required TrainingRecipe Recipe { get; init; }

    /// <summary>Threads that trained it: the same number is needed for the same bits.</summary>
    public required int Threads { get; init; }

    /// <summary>Tokens of a micro-batch, as the memory plan set them: the same number is needed for the same bits.</summary>
    public required int MicroBatchTokens { get; init; }

    /// <summary>What was measured.</summary>
    public required AdapterMetrics Metrics { get; init; }

    /// <summary>What the gate said.</summary>
    public required string GateReason { get; init; }

    /// <summary>When training ended.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>SHA-256 of the adapter file, lower-case hex.</summary>
    public required string WeightsDigest { get; init; }

    /// <summary>Bytes of the adapter file.</summary>
    public required long WeightsLength { get; init; }

    /// <summary>Record id of the n-gram cache that was built beside it; null without one.</summary>
    public string? NGramCacheId { get; init; }

    /// <summary>Where it came from where it was not trained here; null for an adapter of this device's own.</summary>
    [System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull)]
    public AdapterProvenance? Provenance { get; init; }

    /// <summary>Whether it learned from, or was chosen with, any of <paramref name="exampleIds"/>.</summary>
    public bool LearnedFromAny(IReadOnlySet<string> exampleIds)
    {
        ArgumentNullException.ThrowIfNull(exampleIds);
        return TrainingExamples.Any(exampleIds.Contains) || ValidationExamples.Any(exampleIds.Contains);
    }
}
