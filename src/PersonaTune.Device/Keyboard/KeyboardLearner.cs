namespace PersonaTune.Device.Keyboard;

/// <summary>
/// Learns from text that the person has accepted (sent): the message is first stored as an example for the next training, then taught to
/// the suggester's n-gram cache, so that it is suggested at once. Thread-safe.
/// </summary>
/// <param name="suggester">Whose cache learns.</param>
/// <param name="store">Stores an example durably, in the encrypted store; the message is not learned if it fails.</param>
public sealed class KeyboardLearner(WordSuggester suggester, Func<string, CancellationToken, ValueTask> store)
{
    /// <summary>Stores and learns a message; a blank one is ignored. False where it was ignored.</summary>
    public async ValueTask<bool> AcceptAsync(string text, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (string.IsNullOrWhiteSpace(text)) return false;
        await store(text, cancellationToken).ConfigureAwait(false);
        suggester.Learn(text);
        return true;
    }
}
