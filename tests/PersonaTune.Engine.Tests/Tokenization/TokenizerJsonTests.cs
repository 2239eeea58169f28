using System.Text;
using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Tokenization;

namespace PersonaTune.Engine.Tests.Tokenization;

public sealed class TokenizerJsonTests
{
    private const string ByteLevel = """{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}""";

    [Fact]
    public void ByteLevelVocabularyIsRead()
    {
        var tokenizer = Read(Json(ByteLevel), """{"bos_token": {"content": "<e>"}, "eos_token": "<e>", "add_bos_token": true}""");
        Assert.Equal([4, 1, 5], tokenizer.Encode("aba<e>a").Take(3));
        Assert.Equal((3, 3, true), (tokenizer.BosId, tokenizer.EosId, tokenizer.AddBos));
        Assert.True(tokenizer.IsControl(3));
    }

    [Fact]
    public void GapsInTheIdsBecomeUnusedTokens()
    {
        var tokenizer = Read(Json(ByteLevel, added: """{"id": 9, "content": "<late>", "special": false}"""));
        Assert.Equal(10, tokenizer.VocabularySize);
        Assert.True(tokenizer.IsControl(8));
        Assert.Equal([1, 9], tokenizer.Encode("a<late>"));
    }

    [Theory]
    [InlineData("(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|\\\\p{N}{1,3}| ?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n]*|\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+", PreTokenizerKind.Llama3)]
    [InlineData("(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|\\\\p{N}| ?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n]*|\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+", PreTokenizerKind.Qwen2)]
    public void FamiliesAreToldByTheirPattern(string pattern, PreTokenizerKind expected)
    {
        var split = $$$"""
            {"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": "{{{pattern}}}"}, "behavior": "Isolated", "invert": false},
            {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]}
            """;
        Assert.Equal(expected, Vocabulary(Json(split)).PreTokenizer);
    }

    [Fact]
    public void SentencePieceLikeVocabularyIsRead()
    {
        const string json = """
            {"normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
             "added_tokens": [{"id": 0, "content": "<unk>", "special": true}, {"id": 1, "content": "<s>", "special": true}],
             "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]},
             "model": {"type": "BPE", "byte_fallback": true, "unk_token": "<unk>",
              "vocab": {"<unk>": 0, "<s>": 1, "<0xC3>": 2, "<0x9F>": 3, "▁": 4, "a": 5, "b": 6, "▁a": 7, "ab": 8}, "merges": [["a", "b"], ["▁", "a"]]}}
            """;
        var tokenizer = Read(json, """{"bos_token": "<s>"}""");
        Assert.IsType<SentencePieceTokenizer>(tokenizer);
        Assert.True(tokenizer.AddBos);
        Assert.Equal([4, 8, 2, 3, 7], [.. tokenizer.Encode("abß"), .. tokenizer.Encode("a")]);
        Assert.Equal("abß", tokenizer.Decode([4, 8, 2, 3]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"model": 3}""")]
    [InlineData("""{"model": {"type": "Unigram", "vocab": {}, "merges": []}}""")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0, "b": 0}, "merges": []}}""")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0, "a": 1}, "merges": []}}""")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": -1}, "merges": []}}""")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 2147483647}, "merges": []}}""")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 1.5}, "merges": []}}""")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": "0"}, "merges": []}}""")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [["a"]]}}""")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [null]}}""")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"]}, "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false}}""")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}, "pre_tokenizer": {"type": "Whitespace"}}""")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}, "added_tokens": [{"id": 1, "content": "a"}], "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false}}""")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}, "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false}}""")]
    public void MalformedFilesAreRefused(string json) => Assert.Throws<FileFormatException>(() => Read(json));

    private static string Json(string preTokenizer, string? added = null) => $$"""
        {"version": "1.0", "added_tokens": [{"id": 3, "content": "<e>", "special": true}{{(added is null ? "" : ", " + added)}}],
         "pre_tokenizer": {{preTokenizer}},
         "model": {"type": "BPE", "byte_fallback": false, "vocab": {"<e>": 3, "a": 1, "b": 2, "ab": 4, "<": 5, "e": 6, ">": 7, "Ġ": 0}, "merges": ["a b"]}
        }
        """;

    private static ITokenizer Read(string json, string? config = null) => TokenizerFactory.Create(Vocabulary(json, config));

    private static TokenizerVocabulary Vocabulary(string json, string? config = null)
    {
        using var tokenizer = new MemoryStream(Encoding.UTF8.GetBytes(json));
        using var settings = config is null ? null : new MemoryStream(Encoding.UTF8.GetBytes(config));
        return TokenizerFactory.ReadTokenizerJson(tokenizer, settings, "tokenizer.json");
    }
}
