using System.Text.RegularExpressions;
using PersonaTune.Engine.Formats;

namespace PersonaTune.Engine.Lora;

/// <summary>
/// A key of PEFT's <c>rank_pattern</c> or <c>alpha_pattern</c>: it names the modules that <c>(.*\.)?(key)$</c> matches from the beginning. Names and paths, which is what
/// such keys nearly always are, are compared without a regular expression. Immutable and thread-safe.
/// </summary>
internal sealed class PeftPattern
{
    private const int MaxLength = 512;
    private const char Any = '\0';

    private readonly string _subject;
    private readonly string _key;
    private readonly string? _path; // characters, and Any for a point
    private readonly bool _whole;
    private readonly Regex? _regex;

    /// <exception cref="FileFormatException">The key is empty, too long or no regular expression that is supported.</exception>
    public PeftPattern(string key, string subject)
    {
        if (key.Length is 0 or > MaxLength) throw new FileFormatException(subject, $"a module pattern has {key.Length} characters; 1 to {MaxLength} are allowed");
        (_subject, _key, _whole) = (subject, key, key[0] == '^');
        _path = Plain(key.AsSpan(_whole ? 1 : 0));
        if (_path is not null) return;
        try
        {
            // The engine that does not backtrack takes time linear in the text, and refuses patterns whose repetitions multiply.
            _regex = new Regex($@"^(.*\.)?({key})$", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException)
        {
            throw new FileFormatException(subject, $"the module pattern '{key}' is no regular expression that is supported (no look-around, no back references, no large repetitions)", exception);
        }
    }

    /// <summary>Whether a regular expression is run for it.</summary>
    public bool IsExpression => _regex is not null;

    /// <exception cref="FileFormatException">The expression takes too long.</exception>
    public bool IsMatch(string module)
    {
        if (_path is not null) return IsPathMatch(module);
        try
        {
            return _regex!.IsMatch(module);
        }
        catch (RegexMatchTimeoutException exception)
        {
            throw new FileFormatException(_subject, $"the module pattern '{_key}' takes too long; name the modules by their paths", exception);
        }
    }

    private bool IsPathMatch(string module)
    {
        var start = module.Length - _path!.Length;
        if (start < 0 || (start > 0 && (_whole || module[start - 1] != '.'))) return false;
        // From the end: paths differ in their last parts first.
        for (var i = _path.Length - 1; i >= 0; i--)
            if (_path[i] != Any && _path[i] != module[start + i]) return false;
        return true;
    }

    // Letters, digits, '_', '-', a point for any character, an escaped point for itself, and an end mark; null for anything else.
    private static string? Plain(ReadOnlySpan<char> key)
    {
        if (key.EndsWith("$")) key = key[..^1];
        if (key.IsEmpty) return null;
        var path = new char[key.Length];
        var length = 0;
        for (var i = 0; i < key.Length; i++)
        {
            if (key[i] == '.') path[length++] = Any;
            else if (key[i] == '\\' && i + 1 < key.Length && key[i + 1] == '.') path[length++] = key[++i];
            else if (char.IsAsciiLetterOrDigit(key[i]) || key[i] is '_' or '-') path[length++] = key[i];
            else return null;
        }

        return new string(path, 0, length);
    }
}
