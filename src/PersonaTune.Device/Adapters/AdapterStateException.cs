using PersonaTune.Device.Personalization;

namespace PersonaTune.Device.Adapters;

/// <summary>The adapter is in a state that does not allow what was asked.</summary>
public sealed class AdapterStateException(string adapterId, string expected, AdapterState actual, string nextAction) : PersonalizationException(
    $"adapter '{adapterId}'", expected, actual.ToString(), nextAction)
{
    /// <summary>The adapter.</summary>
    public string AdapterId { get; } = adapterId;

    /// <summary>Its state.</summary>
    public AdapterState State { get; } = actual;
}
