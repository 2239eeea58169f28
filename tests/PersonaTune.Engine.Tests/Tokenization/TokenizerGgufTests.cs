using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Tokenization;

namespace PersonaTune.Engine.Tests.Tokenization;

public sealed class TokenizerGgufTests
{
    private static readonly (string Key, GgufValue Value)[] Valid =
    [
        ("tokenizer.ggml.model", GgufValue.Of("gpt2")),
        ("tokenizer.ggml.pre", GgufValue.Of("qwen2")),
        ("tokenizer.ggml.tokens", GgufValue.Of(["<e>", "a", "b", "ab"])),
        ("tokenizer.ggml.token_type", GgufValue.Of([3, 1, 1, 1])),
        ("tokenizer.ggml.merges", GgufValue.Of(["a b"])),
        ("tokenizer.ggml.bos_token_id", GgufValue.Of(0u)),
        ("tokenizer.ggml.add_bos_token", GgufValue.Of(true)),
    ];

    [Fact]
    public void KeysAreRead()
    {
        Assert.True(TokenizerFactory.HasTokenizer(Metadata()));
        Assert.False(TokenizerFactory.HasTokenizer(new GgufMetadata("x.gguf", [])));
        var vocabulary = TokenizerFactory.ReadGguf(Metadata());
        Assert.Equal(PreTokenizerKind.Qwen2, vocabulary.PreTokenizer);
        var tokenizer = TokenizerFactory.Create(vocabulary);
        Assert.Equal((0, null, true), (tokenizer.BosId, tokenizer.EosId, tokenizer.AddBos));
        Assert.Equal([3, 1], tokenizer.Encode("aba"));
    }

    public static TheoryData<string, object> Hostile => new()
    {
        { "tokenizer.ggml.model", "bert" },
        { "tokenizer.ggml.model", "llama" },
        { "tokenizer.ggml.model", 1 },
        { "tokenizer.ggml.pre", "nosuch" },
        { "tokenizer.ggml.tokens", new[] { "<e>", "a", "b", "a" } },
        { "tokenizer.ggml.tokens", Array.Empty<string>() },
        { "tokenizer.ggml.tokens", "a" },
        { "tokenizer.ggml.token_type", new[] { 3, 1, 1 } },
        { "tokenizer.ggml.token_type", new[] { 3, 1, 1, 0 } },
        { "tokenizer.ggml.token_type", new[] { 3, 1, 1, int.MaxValue } },
        { "tokenizer.ggml.token_type", new[] { 3, 6, 1, 1 } },
        { "tokenizer.ggml.merges", new[] { "a c" } },
        { "tokenizer.ggml.merges", new[] { 1 } },
        { "tokenizer.ggml.bos_token_id", 4 },
        { "tokenizer.ggml.bos_token_id", -1 },
        { "tokenizer.ggml.eos_token_id", int.MaxValue },
        { "tokenizer.ggml.add_bos_token", "yes" },
    };

    [Theory]
    [MemberData(nameof(Hostile))]
    public void HostileMetadataIsRefused(string key, object value) =>
        Assert.Throws<FileFormatException>(() => TokenizerFactory.FromGguf(Metadata(key, value switch
        {
            string text => GgufValue.Of(text),
            int number => GgufValue.Of(number),
            string[] texts => GgufValue.Of(texts),
            int[] numbers => GgufValue.Of(numbers),
            _ => throw new ArgumentException("unexpected test value", nameof(value)),
        })));

    private static GgufMetadata Metadata(string? key = null, GgufValue? value = null) => new("x.gguf",
    [
        .. Valid.Where(entry => entry.Key != key).Select(entry => KeyValuePair.Create(entry.Key, entry.Value)),
        .. key is null ? [] : (KeyValuePair<string, GgufValue>[])[KeyValuePair.Create(key, value!)],
    ]);
}
