using PersonaTune.Device.Personalization;

namespace PersonaTune.Device.Adapters;

/// <summary>The library holds no such adapter, or no longer its weights.</summary>
public sealed class AdapterNotFoundException(string user, string adapterId, string actual) : PersonalizationException(
    $"adapter '{adapterId}' of user '{user}'", "a stored adapter", actual, "list the library to see which there are, or train again")
{
    /// <summary>The user.</summary>
    public string User { get; } = user;

    /// <summary>The adapter asked for.</summary>
    public string AdapterId { get; } = adapterId;
}
