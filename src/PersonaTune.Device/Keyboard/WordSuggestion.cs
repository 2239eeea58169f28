namespace PersonaTune.Device.Keyboard;

/// <summary>A suggested word.</summary>
/// <param name="Word">The whole word, without spaces, beginning with what was typed.</param>
/// <param name="Probability">Its probability among all words that fit what was typed, 0 to 1; a lower bound where the search was cut short.</param>
public readonly record struct WordSuggestion(string Word, double Probability);
