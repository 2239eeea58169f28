using System.Text.Json.Serialization;

namespace PersonaTune.Device.Personalization;

/// <summary>How well a model, with or without an adapter, predicts held-out messages.</summary>
/// <param name="Messages">Messages.</param>
/// <param name="Words">Words: runs of characters other than white space.</param>
/// <param name="Tokens">Predicted tokens, each message's end included.</param>
/// <param name="TotalNll">Sum of -ln p over the predicted tokens, in nats.</param>
public sealed record HeldOutMetrics(int Messages, long Words, long Tokens, double TotalNll)
{
    /// <summary>Mean nats a token; 0 without tokens.</summary>
    [JsonIgnore]
    public double Loss => Tokens == 0 ? 0 : TotalNll / Tokens;

    /// <summary>exp(<see cref="Loss"/>).</summary>
    [JsonIgnore]
    public double Perplexity => Math.Exp(Loss);

    /// <summary>exp(nats a word); comparable between tokenizers. 1 without words.</summary>
    [JsonIgnore]
    public double PerplexityPerWord => Words == 0 ? 1 : Math.Exp(TotalNll / Words);
}
