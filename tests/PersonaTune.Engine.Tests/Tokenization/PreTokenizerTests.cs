using System.Text.RegularExpressions;
using PersonaTune.Engine.Tokenization;

namespace PersonaTune.Engine.Tests.Tokenization;

/// <summary>The scanners against the regular expressions that the families publish.</summary>
public sealed class PreTokenizerTests
{
    private const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    private const string Llama3 =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private static readonly string Qwen2 = Llama3.Replace("{1,3}", "", StringComparison.Ordinal);

    public static TheoryData<PreTokenizerKind> Kinds => [.. Enum.GetValues<PreTokenizerKind>()];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void PiecesEqualTheRegularExpressions(PreTokenizerKind kind)
    {
        var random = new Random(20261122);
        for (var trial = 0; trial < 3000; trial++)
        {
            // .NET's expressions see UTF-16 units, so the comparison stays inside the basic plane.
            var text = new string([.. SmallVocabulary.RandomText(random, random.Next(40)).Where(c => !char.IsSurrogate(c))]);
            Assert.Equal(Expected(kind, text), Pieces(kind, text));
        }
    }

    [Theory]
    [InlineData(PreTokenizerKind.Gpt2, "I've 2048 cats  \n ok🦙🦙!", "I|'ve| 2048| cats|  \n| ok|🦙🦙!")]
    [InlineData(PreTokenizerKind.Llama3, "I'VE 2048 (cats)\n\n ok🦙", "I|'VE| |204|8| (|cats|)\n\n| ok|🦙")]
    [InlineData(PreTokenizerKind.Qwen2, "a 20", "a| |2|0")]
    [InlineData(PreTokenizerKind.SmolLm, "a 20 b", "a| |2|0| b")]
    [InlineData(PreTokenizerKind.Gpt2, "\U0001D400\U0001D401 \U0001D7D8", "\U0001D400\U0001D401| \U0001D7D8")]
    public void PiecesOfKnownTexts(PreTokenizerKind kind, string text, string expected) =>
        Assert.Equal(expected.Split('|'), Pieces(kind, text));

    [Theory]
    [MemberData(nameof(Kinds))]
    public void UnpairedSurrogatesAreCutSomewhere(PreTokenizerKind kind)
    {
        const string text = "a\uD83E \uDD99b\uD83E";
        Assert.Equal(text, string.Concat(Pieces(kind, text)));
    }

    private static List<string> Pieces(PreTokenizerKind kind, string text)
    {
        var pieces = new List<string>();
        var preTokenizer = new PreTokenizer(kind, text);
        while (preTokenizer.TryNext(out var piece)) pieces.Add(piece.ToString());
        return pieces;
    }

    private static List<string> Expected(PreTokenizerKind kind, string text) => kind switch
    {
        PreTokenizerKind.Gpt2 => Matches(Gpt2, text),
        PreTokenizerKind.Llama3 => Matches(Llama3, text),
        PreTokenizerKind.Qwen2 => Matches(Qwen2, text),
        _ => [.. Matches(@"\p{N}|\P{N}+", text).SelectMany(part => char.IsNumber(part[0]) ? [part] : Matches(Gpt2, part))],
    };

    private static List<string> Matches(string pattern, string text) =>
        [.. Regex.Matches(text, pattern, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(5)).Select(match => match.Value)];
}
