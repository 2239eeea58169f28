namespace PersonaTune.Device.Personalization;

/// <summary>The user has no example at all.</summary>
public sealed class EmptyHistoryException(string user, string collection) : PersonalizationException(
    $"user '{user}'", $"examples in collection '{collection}'", "none", "add examples to the store before training")
{
    /// <summary>The user.</summary>
    public string User { get; } = user;

    /// <summary>The collection.</summary>
    public string Collection { get; } = collection;
}
