namespace PersonaTune.Device.Personalization;

/// <summary>
/// Cache order and mixture weights as they are stored, the base model that they were tuned with, and the version of the weights' meaning,
/// which the first records did not name.
/// </summary>
internal sealed record MixtureRecord(string BaseDigest, int Order, double[] Weights, int Version = 0);
