using System.Text.Json.Serialization;

namespace PersonaTune.Device.Keyboard;

/// <summary>How well one method predicts one person's held-out messages.</summary>
public sealed record KeyboardMetrics
{
    /// <summary>Sum of -ln p over all tokens of all test messages, each message's end token included, in nats.</summary>
    public required double TotalNll { get; init; }

    /// <summary>Predicted tokens, end tokens included.</summary>
    public required long Tokens { get; init; }

    /// <summary>White-space-separated words of the test messages.</summary>
    public required long Words { get; init; }

    /// <summary>Words whose prediction before their first letter was tried.</summary>
    public int NextWordTargets { get; init; }

    /// <summary>Of them, how often the first suggestion was the word, letter by letter and case included.</summary>
    public int Top1Hits { get; init; }

    /// <summary>Of them, how often one of the first three suggestions was the word.</summary>
    public int Top3Hits { get; init; }

    /// <summary>Characters of the messages that were typed in simulation: the keys without suggestions.</summary>
    public long Characters { get; init; }

    /// <summary>Keys pressed in simulation: a suggestion costs one key and brings the following space.</summary>
    public long Keys { get; init; }

    /// <summary>exp(nats a word); 1 without words.</summary>
    [JsonInclude]
    public double PerplexityPerWord => Words == 0 ? 1 : Math.Exp(TotalNll / Words);

    /// <summary>Share of next words that were the first suggestion.</summary>
    [JsonInclude]
    public double Top1Accuracy => NextWordTargets == 0 ? 0 : (double)Top1Hits / NextWordTargets;

    /// <summary>Share of next words among the first three suggestions.</summary>
    [JsonInclude]
    public double Top3Accuracy => NextWordTargets == 0 ? 0 : (double)Top3Hits / NextWordTargets;

    /// <summary>1 - keys / characters.</summary>
    [JsonInclude]
    public double KeystrokeSavings => Characters == 0 ? 0 : 1 - (double)Keys / Characters;
}
