using Microsoft.Extensions.AI;
using PersonaTune.Engine.Inference;
using FinishReason = PersonaTune.Engine.Inference.FinishReason;

namespace PersonaTune.Device.Chat;

/// <summary>A request of the chat interface in the engine's terms.</summary>
internal sealed record ChatRequest(IReadOnlyList<int> Prompt, GenerationOptions Generation)
{
    /// <summary>
    /// Lays the conversation out. Where it does not fit the context beside room for an answer, the oldest turns after the system text are
    /// left out; the newest always stays.
    /// </summary>
    public static ChatRequest Create(
        IEnumerable<ChatMessage> messages, ChatOptions? options, ChatTemplate template, ChatClientOptions defaults, int contextLimit, IChatClient client)
    {
        var generation = Map(options, template, defaults, client);
        var turns = new List<ChatTurn>();
        if (!string.IsNullOrEmpty(options?.Instructions)) turns.Add(new ChatTurn("system", options.Instructions));
        foreach (var message in messages) turns.Add(new ChatTurn(Role(message.Role), Text(message)));
        if (turns.Count == 0) throw new ArgumentException("the conversation has no message; pass at least one", nameof(messages));

        var prompt = template.Encode(turns);
        var room = contextLimit - Math.Min(generation.MaxTokens, Math.Max(1, contextLimit / 4));
        if (prompt.Count > room)
        {
            // Turn by turn is nearly exact, and spares encoding the whole conversation for every turn that goes.
            var empty = template.Encode([]).Count;
            for (var excess = prompt.Count - room; excess > 0 && Oldest(turns) is >= 0 and var index; turns.RemoveAt(index))
                excess -= template.Encode([turns[index]]).Count - empty;
            prompt = template.Encode(turns);
        }
        while (prompt.Count > room && Oldest(turns) is >= 0 and var index)
        {
            turns.RemoveAt(index);
            prompt = template.Encode(turns);
        }
        return new ChatRequest(prompt, generation);
    }

    public static ChatFinishReason Map(FinishReason reason) =>
        reason is FinishReason.MaxTokens or FinishReason.ContextLimit ? ChatFinishReason.Length : ChatFinishReason.Stop;

    private static int Oldest(List<ChatTurn> turns)
    {
        var index = turns.FindIndex(turn => turn.Role != "system");
        return index >= 0 && index < turns.Count - 1 ? index : -1;
    }

    private static GenerationOptions Map(ChatOptions? options, ChatTemplate template, ChatClientOptions defaults, IChatClient client)
    {
        var generation = options?.RawRepresentationFactory?.Invoke(client) as GenerationOptions ?? defaults.Generation;
        if (options is not null)
        {
            if (options.ResponseFormat is ChatResponseFormatJson)
                throw new NotSupportedException("this model cannot be held to JSON; ask for text and parse it, or use another client");
            if (options.ToolMode is RequiredChatToolMode)
                throw new NotSupportedException("this model cannot call tools; use ChatToolMode.Auto or None, or another client");
            generation = generation with
            {
                MaxTokens = options.MaxOutputTokens ?? generation.MaxTokens,
                StopStrings = [.. generation.StopStrings, .. options.StopSequences ?? []],
                Sampling = generation.Sampling with
                {
                    Temperature = options.Temperature ?? generation.Sampling.Temperature,
                    TopP = options.TopP ?? generation.Sampling.TopP,
                    TopK = options.TopK ?? generation.Sampling.TopK,
                    Seed = options.Seed is { } seed ? unchecked((ulong)seed) : generation.Sampling.Seed,
                },
            };
        }
        generation = generation with
        {
            StopTokens = [.. generation.StopTokens.Union(template.StopIds.Where(id => generation.StopAtEndOfSequence || id != template.EndId))],
            StopStrings = [.. generation.StopStrings.Union(template.StopTexts, StringComparer.Ordinal)],
        };
        generation.Validate();
        return generation;
    }

    private static string Role(ChatRole role) =>
        role == ChatRole.System ? "system" : role == ChatRole.Assistant ? "assistant" : "user";

    private static string Text(ChatMessage message)
    {
        foreach (var content in message.Contents)
            if (content is DataContent or UriContent)
                throw new NotSupportedException($"this model reads text only; a message holds {content.GetType().Name}");
        return message.Text;
    }
}
