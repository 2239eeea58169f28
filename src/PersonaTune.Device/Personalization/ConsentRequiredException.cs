namespace PersonaTune.Device.Personalization;

/// <summary>No valid consent receipt covers training on this collection with this base model.</summary>
public sealed class ConsentRequiredException(string user, string collection, string reason, Exception? innerException = null) : PersonalizationException(
    $"user '{user}'", $"a consent receipt for personalization on collection '{collection}'", reason,
    "ask the person and record a receipt in the consent ledger", innerException)
{
    /// <summary>The user.</summary>
    public string User { get; } = user;

    /// <summary>The collection.</summary>
    public string Collection { get; } = collection;
}
