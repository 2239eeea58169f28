namespace PersonaTune.Engine.Tokenization;

/// <summary>Makes the tokenizer that a file describes.</summary>
public static partial class TokenizerFactory
{
    /// <summary>Checks a vocabulary and makes its tokenizer.</summary>
    /// <exception cref="Formats.FileFormatException">The vocabulary contradicts itself.</exception>
    public static ITokenizer Create(TokenizerVocabulary vocabulary)
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        return vocabulary.Model == TokenizerModel.SentencePiece
            ? new SentencePieceTokenizer(vocabulary)
            : new ByteLevelBpeTokenizer(vocabulary);
    }
}
