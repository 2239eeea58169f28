using System.Buffers;

namespace PersonaTune.Engine.Tokenization;

/// <summary>Finds user-defined tokens in text: leftmost first, longest first. Immutable.</summary>
internal sealed class UserDefinedTokens
{
    private readonly Dictionary<char, (string Text, int Id)[]> _byFirst;
    private readonly SearchValues<char> _first;

    public UserDefinedTokens(IEnumerable<(string Text, int Id)> tokens)
    {
        _byFirst = tokens.Where(token => token.Text.Length > 0)
            .GroupBy(token => token.Text[0])
            .ToDictionary(group => group.Key, group => group.OrderByDescending(token => token.Text.Length).ToArray());
        _first = SearchValues.Create(_byFirst.Keys.ToArray());
    }

    /// <summary>The first match in the text, or false.</summary>
    public bool TryFind(ReadOnlySpan<char> text, out int start, out int length, out int id)
    {
        for (start = 0; start < text.Length; start++)
        {
            var skip = text[start..].IndexOfAny(_first);
            if (skip < 0) break;
            start += skip;
            foreach (var token in _byFirst[text[start]])
                if (text[start..].StartsWith(token.Text, StringComparison.Ordinal))
                {
                    (length, id) = (token.Text.Length, token.Id);
                    return true;
                }
        }
        (start, length, id) = (text.Length, 0, -1);
        return false;
    }
}
