namespace PersonaTune.Device.Personalization;

/// <summary>Examples of a run were deleted while it trained; nothing of it was kept.</summary>
public sealed class ExamplesDeletedException(string user, int missing) : PersonalizationException(
    $"training for user '{user}'", "its examples to stay in the store", $"{missing} deleted meanwhile", "train again")
{
    /// <summary>The user.</summary>
    public string User { get; } = user;

    /// <summary>Examples that are gone.</summary>
    public int Missing { get; } = missing;
}
