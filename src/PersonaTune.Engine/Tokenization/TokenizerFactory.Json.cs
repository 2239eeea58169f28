using System.Text.Json;
using PersonaTune.Engine.Formats;

namespace PersonaTune.Engine.Tokenization;

public static partial class TokenizerFactory
{
    private const long MaxJsonBytes = 256L << 20;

    /// <summary>
    /// Makes the tokenizer of a Hugging Face <c>tokenizer.json</c> (byte-level BPE, or SentencePiece-like BPE with byte fallback);
    /// a <c>tokenizer_config.json</c> beside it names the special tokens.
    /// </summary>
    /// <exception cref="FileFormatException">The file is malformed or describes an unsupported tokenizer.</exception>
    public static ITokenizer FromTokenizerJson(string path) => Create(ReadTokenizerJson(path));

    /// <summary>Makes the tokenizer of an open <c>tokenizer.json</c>; <paramref name="config"/> is <c>tokenizer_config.json</c> or null.</summary>
    /// <exception cref="FileFormatException">The file is malformed or describes an unsupported tokenizer.</exception>
    public static ITokenizer FromTokenizerJson(Stream tokenizer, Stream? config = null, string subject = "tokenizer.json") =>
        Create(ReadTokenizerJson(tokenizer, config, subject));

    /// <summary>Reads what <see cref="FromTokenizerJson(string)"/> reads without making the tokenizer, for writers of other formats.</summary>
    /// <exception cref="FileFormatException">The file is malformed or describes an unsupported tokenizer.</exception>
    public static TokenizerVocabulary ReadTokenizerJson(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using var tokenizer = File.OpenRead(path);
        var configPath = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path)) ?? "", "tokenizer_config.json");
        using var config = File.Exists(configPath) ? File.OpenRead(configPath) : null;
        return ReadTokenizerJson(tokenizer, config, path);
    }

    /// <summary>Reads an open <c>tokenizer.json</c> and an optional <c>tokenizer_config.json</c>.</summary>
    /// <exception cref="FileFormatException">The file is malformed or describes an unsupported tokenizer.</exception>
    public static TokenizerVocabulary ReadTokenizerJson(Stream tokenizer, Stream? config, string subject)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        try
        {
            using var tokenizerJson = Parse(tokenizer, subject);
            using var configJson = config is null ? null : Parse(config, subject);
            return new TokenizerJsonReader(subject, tokenizerJson.RootElement, configJson?.RootElement).Read();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw new FileFormatException(subject, $"this is not a tokenizer in Hugging Face's JSON layout: {e.Message}", e);
        }
    }

    private static JsonDocument Parse(Stream stream, string subject)
    {
        if (stream.CanSeek && stream.Length > MaxJsonBytes)
            throw new FileFormatException(subject, $"the file has {stream.Length} bytes, more than the limit of {MaxJsonBytes}");
        return JsonDocument.Parse(stream);
    }
}
