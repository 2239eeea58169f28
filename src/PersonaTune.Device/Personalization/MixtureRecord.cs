namespace PersonaTune.Device.Personalization;

/// <summary>Cache order and mixture weights as they are stored, and the base model that they were tuned with.</summary>
internal sealed record MixtureRecord(string BaseDigest, int Order, double[] Weights);
