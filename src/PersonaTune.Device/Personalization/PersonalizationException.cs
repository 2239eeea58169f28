namespace PersonaTune.Device.Personalization;

/// <summary>
/// A failure of personalization that is foreseen. The message and the properties say what it concerns, what was expected, what was
/// found and what to do; none of them quotes a person's text.
/// </summary>
public class PersonalizationException : Exception
{
    /// <summary>Creates the exception.</summary>
    public PersonalizationException(string subject, string expected, string actual, string nextAction, Exception? innerException = null)
        : base($"{subject}: expected {expected}, found {actual}; {nextAction}", innerException) =>
        (Subject, Expected, Actual, NextAction) = (subject, expected, actual, nextAction);

    /// <summary>What it concerns, for example "user 'me'".</summary>
    public string Subject { get; }

    /// <summary>What was expected.</summary>
    public string Expected { get; }

    /// <summary>What was found.</summary>
    public string Actual { get; }

    /// <summary>What the caller can do.</summary>
    public string NextAction { get; }
}
