using PersonaTune.Engine.Formats;
using PersonaTune.Engine.Tokenization;

namespace PersonaTune.Engine.Tests.Tokenization;

/// <summary>Expected ids: the peer's published vocabulary tests (llama.cpp), ../shared/reference/tokenizers.</summary>
public sealed class ReferenceVocabularyTests
{
    [SharedTheory("reference/tokenizers")]
    [InlineData("ggml-vocab-llama-spm.gguf", 32_000)]
    [InlineData("ggml-vocab-gpt-2.gguf", 50_257)]
    public void EveryCaseEqualsThePeers(string name, int vocabularySize)
    {
        using var file = GgufFile.FromBytes(ReferenceVocabulary.Load(name), name);
        var tokenizer = TokenizerFactory.FromGguf(file.Metadata);
        Assert.Equal(vocabularySize, tokenizer.VocabularySize);
        var cases = ReferenceVocabulary.Cases(name);
        Assert.True(cases.Count >= 40, $"only {cases.Count} cases");
        foreach (var (text, ids) in cases)
        {
            Assert.Equal(ids, tokenizer.Encode(text));
            Assert.Equal(text, tokenizer.Decode(ids));
        }
    }

    [SharedFact("models/stories260K")]
    public void GreedyContinuationRoundTrips()
    {
        using var file = GgufFile.Open(SharedData.Shared("models", "stories260K", "stories260K.gguf"));
        var tokenizer = TokenizerFactory.FromGguf(file.Metadata);
        Assert.Equal(512, tokenizer.VocabularySize);
        Assert.True(tokenizer.AddBos);
        var text = File.ReadAllText(SharedData.Shared("models", "stories260K", "greedy.txt"));
        Assert.Equal(text, tokenizer.Decode([.. tokenizer.Encode(text)]));
    }

    [SharedFact("models/keyboard-base")]
    public void TokenizerJsonHasTheBasesSettings()
    {
        var tokenizer = TokenizerFactory.FromTokenizerJson(SharedData.Shared("models", "keyboard-base", "tokenizer.json"));
        Assert.Equal(8192, tokenizer.VocabularySize);
        Assert.Equal(0, tokenizer.BosId);
        Assert.Equal(0, tokenizer.EosId);
        Assert.True(tokenizer.AddBos);
        Assert.True(tokenizer.IsControl(0));
        Assert.DoesNotContain(0, tokenizer.Encode("<|endoftext|>"));
        foreach (var line in File.ReadLines(SharedData.Shared("data", "text", "sms.jsonl")).Take(500))
            Assert.Equal(line, tokenizer.Decode([.. tokenizer.Encode(line)]));
    }
}
