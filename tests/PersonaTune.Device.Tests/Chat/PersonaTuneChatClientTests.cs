using Microsoft.Extensions.AI;
using PersonaTune.Device.Chat;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;

namespace PersonaTune.Device.Tests.Chat;

public sealed class PersonaTuneChatClientTests : IDisposable
{
    private readonly AdapterSlot _slot = new(TestModel.Keyboard);
    private readonly PersonaTuneChatClient _client;

    public PersonaTuneChatClientTests() => _client = Create();

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task Streaming_and_whole_answers_are_the_same_text()
    {
        var options = new ChatOptions { MaxOutputTokens = 12, Temperature = 0.9f, Seed = 5 };
        var whole = await _client.GetResponseAsync("are you coming tonight?", options);
        var updates = await _client.GetStreamingResponseAsync("are you coming tonight?", options).ToListAsync();
        Assert.Equal(whole.Text, string.Concat(updates.Select(update => update.Text)));
        Assert.NotEmpty(whole.Text);
        Assert.Equal("keyboard", whole.ModelId);
        Assert.Equal(ChatRole.Assistant, whole.Messages.Single().Role);
        Assert.NotNull(whole.FinishReason);
        Assert.Equal(whole.Usage!.TotalTokenCount, whole.Usage.InputTokenCount + whole.Usage.OutputTokenCount);
        Assert.InRange(whole.Usage.OutputTokenCount!.Value, 1, 12);
        var expected = _client.Template.Encode([new ChatTurn("user", "are you coming tonight?")]).Count;
        Assert.Equal(expected, whole.Usage.InputTokenCount);
        Assert.Single(updates.Select(update => update.ResponseId).Distinct(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Options_reach_the_sampler()
    {
        var greedy = new ChatOptions { MaxOutputTokens = 16, Temperature = 0 };
        var first = await _client.GetResponseAsync("hello", greedy);
        Assert.Equal(first.Text, (await _client.GetResponseAsync("hello", new ChatOptions { MaxOutputTokens = 16, TopK = 1, Seed = 99 })).Text);
        var seeded = new ChatOptions { MaxOutputTokens = 16, Temperature = 2, TopK = 0, TopP = 1, Seed = 1 };
        var other = seeded.Clone();
        other.Seed = 2;
        Assert.Equal((await _client.GetResponseAsync("hello", seeded)).Text, (await _client.GetResponseAsync("hello", seeded)).Text);
        Assert.NotEqual((await _client.GetResponseAsync("hello", seeded)).Text, (await _client.GetResponseAsync("hello", other)).Text);

        var two = await _client.GetResponseAsync("hello", new ChatOptions { MaxOutputTokens = 2, Temperature = 2, Seed = 1 });
        Assert.Equal(ChatFinishReason.Length, two.FinishReason);
        Assert.Equal(2, two.Usage!.OutputTokenCount);

        var stop = first.Text[^3..^1];
        var stopped = await _client.GetResponseAsync("hello", new ChatOptions { MaxOutputTokens = 16, Temperature = 0, StopSequences = [stop] });
        Assert.Equal(ChatFinishReason.Stop, stopped.FinishReason);
        Assert.DoesNotContain(stop, stopped.Text, StringComparison.Ordinal);
        Assert.StartsWith(stopped.Text, first.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_conversation_that_goes_on_gives_what_a_fresh_client_gives()
    {
        var options = new ChatOptions { MaxOutputTokens = 8, Temperature = 0 };
        List<ChatMessage> conversation = [new(ChatRole.System, "Be kind."), new(ChatRole.User, "hi")];
        var first = await _client.GetResponseAsync(conversation, options);
        conversation.AddMessages(first);
        conversation.Add(new ChatMessage(ChatRole.User, "and then?"));
        var second = await _client.GetResponseAsync(conversation, options); // on the session of the first answer
        using var fresh = Create();
        Assert.Equal((await fresh.GetResponseAsync(conversation, options)).Text, second.Text);
    }

    [Fact]
    public async Task The_next_request_after_a_swap_runs_the_new_adapter()
    {
        var options = new ChatOptions { MaxOutputTokens = 8, Temperature = 0 };
        var before = await _client.GetResponseAsync("hello there", options);
        _slot.Swap(AdapterStack.Of(Strong(TestModel.Keyboard)));
        var updates = await _client.GetStreamingResponseAsync("hello there", options).ToListAsync();
        Assert.Equal(1L, updates[^1].AdditionalProperties!["adapter_version"]);
        Assert.NotEqual(before.Text, string.Concat(updates.Select(update => update.Text)));
        _slot.Swap(AdapterStack.Empty);
        Assert.Equal(before.Text, (await _client.GetResponseAsync("hello there", options)).Text);
    }

    [Fact]
    public async Task A_long_conversation_drops_its_oldest_turns_but_not_the_system_text()
    {
        var turns = Enumerable.Range(0, 200).Select(i => new ChatMessage(i % 2 == 0 ? ChatRole.User : ChatRole.Assistant, $"message number {i} of many"));
        var response = await _client.GetResponseAsync([new ChatMessage(ChatRole.System, "Be kind."), .. turns], new ChatOptions { MaxOutputTokens = 4 });
        var limit = _slot.Model.Config.ContextLength;
        Assert.InRange(response.Usage!.InputTokenCount!.Value, limit / 2, limit - 4);
    }

    [Fact]
    public async Task Cancelling_ends_the_stream_and_the_client_goes_on()
    {
        using var cancelled = new CancellationTokenSource();
        var seen = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in _client.GetStreamingResponseAsync("hello", new ChatOptions { MaxOutputTokens = 100, Temperature = 2, TopK = 0, TopP = 1, Seed = 1 }, cancelled.Token))
                if (++seen == 2) await cancelled.CancelAsync();
        });
        Assert.NotEmpty((await _client.GetResponseAsync("hello", new ChatOptions { MaxOutputTokens = 8 })).Messages);
    }

    [Fact]
    public async Task Requests_at_the_same_time_do_not_disturb_each_other()
    {
        string[] prompts = ["hello", "where are you", "ok see you", "what time is it"];
        var options = new ChatOptions { MaxOutputTokens = 8, Temperature = 0 };
        var alone = new List<string>();
        foreach (var prompt in prompts) alone.Add((await _client.GetResponseAsync(prompt, options)).Text);
        var together = await Task.WhenAll(prompts.Select(prompt => _client.GetResponseAsync(prompt, options)));
        Assert.Equal(alone, together.Select(response => response.Text));
    }

    [Fact]
    public async Task What_the_model_cannot_do_is_said()
    {
        await Assert.ThrowsAsync<ArgumentException>(() => _client.GetResponseAsync([]));
        await Assert.ThrowsAsync<NotSupportedException>(() => _client.GetResponseAsync("x", new ChatOptions { ResponseFormat = ChatResponseFormat.Json }));
        await Assert.ThrowsAsync<NotSupportedException>(() => _client.GetResponseAsync("x", new ChatOptions { ToolMode = ChatToolMode.RequireAny }));
        await Assert.ThrowsAsync<NotSupportedException>(() => _client.GetResponseAsync(
            [new ChatMessage(ChatRole.User, [new DataContent(new byte[] { 1 }, "image/png")])]));
        await Assert.ThrowsAsync<Engine.EngineException>(() => _client.GetResponseAsync("x", new ChatOptions { TopP = 2 }));
        _client.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => _client.GetResponseAsync("x"));
    }

    [Fact]
    public void Services_are_found()
    {
        Assert.Equal("keyboard", _client.GetService<ChatClientMetadata>()!.DefaultModelId);
        Assert.Same(_client, _client.GetService<PersonaTuneChatClient>());
        Assert.Same(_slot, _client.GetService<AdapterSlot>());
        Assert.Same(TestModel.Keyboard, _client.GetService<DecoderModel>());
        Assert.Null(_client.GetService<HttpClient>());
        Assert.Null(_client.GetService(typeof(AdapterSlot), "keyed"));
    }

    // The small base model would rather say nothing; it is made to speak.
    private PersonaTuneChatClient Create() => new(_slot, TestModel.Pool, new ChatClientOptions
    {
        ModelId = "keyboard",
        Generation = new GenerationOptions { StopAtEndOfSequence = false },
    });

    /// <summary>An adapter that changes the values of every block beyond recognition.</summary>
    private static LoraAdapter Strong(DecoderModel model)
    {
        var random = new Random(3);
        var adapter = new LoraAdapter(new LoraConfig { Rank = 1, Alpha = 1, Targets = [LoraTarget.Value] }, model.Config.BlockCount, model.Digest);
        for (var block = 0; block < model.Config.BlockCount; block++)
            adapter[block, LoraTarget.Value] = new LoraPair(1, model.Config.EmbeddingLength, model.Config.KeyValueLength, 1f,
                Fill(model.Config.EmbeddingLength), Fill(model.Config.KeyValueLength));
        return adapter;

        float[] Fill(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() - 0.5) * 4)];
    }
}
