using PersonaTune.Device.Personalization;

namespace PersonaTune.Device.Adapters;

/// <summary>A stored adapter's signature or digest does not fit its content.</summary>
public sealed class AdapterIntegrityException(string adapterId, string expected, string actual, Exception? innerException = null) : PersonalizationException(
    $"adapter '{adapterId}'", expected, actual, "delete it and train again; the store may have been tampered with", innerException)
{
    /// <summary>The adapter.</summary>
    public string AdapterId { get; } = adapterId;
}
