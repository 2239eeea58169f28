using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Tokenization;

namespace PersonaTune.Engine.Tests.Inference;

public sealed class TextGeneratorTests : IDisposable
{
    private readonly WorkerPool _pool = new(1);
    private readonly DecoderModel _model = ReferenceModels.Load("llama-untied");
    private readonly ByteTokenizer _tokenizer;
    private readonly int[] _expected;

    public TextGeneratorTests()
    {
        // Every id of the random model stands for one letter; its continuation is what plain decoding with the same draws finds.
        _tokenizer = new ByteTokenizer([.. Enumerable.Range(0, _model.Config.VocabularySize - 2).Select(i => new[] { (byte)('a' + i % 26) })]);
        using var session = new DecoderSession(_model, _pool);
        var sampler = new Sampler(Seeded.Sampling, _model.Config.VocabularySize);
        var ids = new List<int> { sampler.Sample(session.Prefill([0, 5, 6])) };
        while (ids.Count < 20) ids.Add(sampler.Sample(session.Decode(ids[^1])));
        _expected = [.. ids];
    }

    private static GenerationOptions Seeded => new() { Sampling = new SamplingOptions { Temperature = 2, Seed = 3, TopK = 0, TopP = 1, MinP = 0 }, MaxTokens = 20, StopAtEndOfSequence = false };

    [Fact]
    public async Task StreamsTheSameTokensEitherWay()
    {
        using var session = new DecoderSession(_model, _pool);
        var generator = new TextGenerator(session, _tokenizer);
        var tokens = generator.Generate([0, 5, 6], Seeded).ToArray();
        Assert.Equal(_expected, tokens.Select(t => t.Id));
        Assert.Equal(_tokenizer.Decode(_expected), string.Concat(tokens.Select(t => t.Text)));
        Assert.All(tokens[..^1], t => Assert.Null(t.Finish));
        Assert.Equal(FinishReason.MaxTokens, tokens[^1].Finish);

        var streamed = new List<GeneratedToken>();
        await foreach (var token in generator.GenerateAsync([0, 5, 6], Seeded)) streamed.Add(token);
        Assert.Equal(tokens, streamed);
        Assert.Equal(_tokenizer.Decode(_expected), string.Concat(generator.Generate("de", Seeded).Select(t => t.Text)));
    }

    [Fact]
    public void StopsAtTokensAndStrings()
    {
        using var session = new DecoderSession(_model, _pool);
        var generator = new TextGenerator(session, _tokenizer);
        var stop = _expected.Distinct().ElementAt(3);
        var at = Array.IndexOf(_expected, stop);
        var tokens = generator.Generate([0, 5, 6], Seeded with { StopTokens = [stop] }).ToArray();
        Assert.Equal((at + 1, stop, "", FinishReason.StopToken), (tokens.Length, tokens[^1].Id, tokens[^1].Text, tokens[^1].Finish));

        var text = _tokenizer.Decode(_expected);
        var needle = text.Substring(6, 3);
        tokens = [.. generator.Generate([0, 5, 6], Seeded with { StopStrings = [needle] })];
        Assert.Equal(text[..text.IndexOf(needle, StringComparison.Ordinal)], string.Concat(tokens.Select(t => t.Text)));
        Assert.Equal(FinishReason.StopString, tokens[^1].Finish);

        // A stop string that never completes is not swallowed.
        tokens = [.. generator.Generate([0, 5, 6], Seeded with { StopStrings = [text[^2..] + "!"] })];
        Assert.Equal(text, string.Concat(tokens.Select(t => t.Text)));
    }

    [Fact]
    public void StopsAtTheEndOfSequence()
    {
        // A tokenizer whose end-of-sequence id is what the model draws as its third token.
        using var session = new DecoderSession(_model, _pool);
        var tokens = new TextGenerator(session, new EndsAt(_tokenizer, _expected[2])).Generate([0, 5, 6], Seeded with { StopAtEndOfSequence = true }).ToArray();
        Assert.Equal((Array.IndexOf(_expected, _expected[2]) + 1, FinishReason.StopToken), (tokens.Length, tokens[^1].Finish));
    }

    [Fact]
    public void AFullContextEndsTheText()
    {
        using var session = new DecoderSession(_model, _pool, new SessionOptions { ContextLimit = 8 });
        var tokens = new TextGenerator(session, _tokenizer).Generate([0, 5, 6], Seeded).ToArray();
        Assert.Equal(_expected[..6], tokens.Select(t => t.Id));
        Assert.Equal(FinishReason.ContextLimit, tokens[^1].Finish);
        Assert.Throws<ContextLimitException>(() => new TextGenerator(session, _tokenizer).Generate(new int[9], Seeded).First());
    }

    [Fact]
    public async Task CancellationLeavesTheSessionUsable()
    {
        using var session = new DecoderSession(_model, _pool, new SessionOptions { PrefillChunk = 1 });
        var generator = new TextGenerator(session, _tokenizer);
        using var cancel = new CancellationTokenSource();
        var count = 0;
        Assert.Throws<OperationCanceledException>(() =>
        {
            foreach (var _ in generator.Generate([0, 5, 6], Seeded, cancel.Token))
                if (++count == 4) cancel.Cancel();
        });
        Assert.Equal(4, count);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in generator.GenerateAsync([0, 5, 6], Seeded, cancel.Token)) count++;
        });
        Assert.Equal(4, count);
        Assert.Equal(_expected, generator.Generate([0, 5, 6], Seeded).Select(t => t.Id));
    }

    [Fact]
    public void ATextIsNotMixedWithOtherUseOfItsSession()
    {
        using var session = new DecoderSession(_model, _pool);
        using var tokens = new TextGenerator(session, _tokenizer).Generate([0, 5, 6], Seeded).GetEnumerator();
        tokens.MoveNext();
        session.Decode(9);
        Assert.Throws<InvalidOperationException>(() => tokens.MoveNext());
    }

    [Fact]
    public void NothingToContinueIsSaid()
    {
        using var session = new DecoderSession(_model, _pool);
        Assert.Throws<EngineException>(() => new TextGenerator(session, _tokenizer).Generate([], Seeded));
        Assert.Throws<EngineException>(() => new TextGenerator(session, new ByteTokenizer([65]) { BosId = null }).Generate("", Seeded));
        Assert.Equal([0], new TextGenerator(session, _tokenizer).Encode(""));
        Assert.Throws<EngineException>(() => new TextGenerator(session, _tokenizer).Generate([0], Seeded with { MaxTokens = 0 }));
        Assert.Throws<EngineException>(() => new TextGenerator(session, _tokenizer).Generate([0], Seeded with { StopStrings = [""] }));
        Assert.Throws<EngineException>(() => new TextGenerator(session, new ByteTokenizer(new byte[_model.Config.VocabularySize][])));
    }

    public void Dispose()
    {
        _pool.Dispose();
        _model.Dispose();
    }

    private sealed class EndsAt(ITokenizer inner, int end) : ITokenizer
    {
        public int VocabularySize => inner.VocabularySize;

        public int? BosId => inner.BosId;

        public int? EosId => end;

        public bool AddBos => inner.AddBos;

        public string Digest => inner.Digest;

        public IReadOnlyList<int> Encode(ReadOnlySpan<char> text) => inner.Encode(text);

        public ReadOnlySpan<byte> TokenBytes(int id) => inner.TokenBytes(id);

        public bool IsControl(int id) => inner.IsControl(id);

        public string Decode(ReadOnlySpan<int> ids) => inner.Decode(ids);
    }
}
