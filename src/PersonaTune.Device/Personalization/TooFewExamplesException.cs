namespace PersonaTune.Device.Personalization;

/// <summary>The user has fewer examples than <see cref="PersonalizationOptions.MinimumExamples"/>.</summary>
public sealed class TooFewExamplesException(string user, int required, int found) : PersonalizationException(
    $"user '{user}'", $"at least {required} examples", $"{found}",
    $"collect {required - found} more, or lower {nameof(PersonalizationOptions)}.{nameof(PersonalizationOptions.MinimumExamples)}")
{
    /// <summary>The user.</summary>
    public string User { get; } = user;

    /// <summary>Examples that the options ask for.</summary>
    public int Required { get; } = required;

    /// <summary>Examples with text that the store holds.</summary>
    public int Found { get; } = found;
}
