namespace PersonaTune.Device.Personalization;

/// <summary>An adapter or checkpoint was made for another base model or tokenizer than the one loaded.</summary>
public sealed class WrongBaseModelException(string subject, string expectedDigest, string actualDigest) : PersonalizationException(
    subject, $"base {Shorten(expectedDigest)}", Shorten(actualDigest), "load the model that it was trained on, or train again on this one")
{
    /// <summary>Digest of the base that it belongs to.</summary>
    public string ExpectedDigest { get; } = expectedDigest;

    /// <summary>Digest of the base that is loaded.</summary>
    public string ActualDigest { get; } = actualDigest;

    private static string Shorten(string digest) => digest.Length > 16 ? digest[..16] + "..." : digest.Length == 0 ? "(none)" : digest;
}
