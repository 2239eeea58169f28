using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;

namespace PersonaTune.Device.Chat;

/// <summary>
/// The on-device model, with whatever adapter its slot holds, as an <see cref="IChatClient"/>. An answer keeps the adapter that it began
/// with; the next request takes a swapped one. Nothing leaves the process.
/// </summary>
/// <remarks>
/// Thread-safe: requests that run at the same time have sessions of their own; the last idle session is kept, so that a conversation
/// that goes on computes only its new turns. From <see cref="ChatOptions"/>: Instructions, MaxOutputTokens, Temperature (0 is greedy),
/// TopP, TopK, StopSequences, Seed (without one the configured seed, so that equal requests give equal answers), and a
/// RawRepresentationFactory that returns <see cref="GenerationOptions"/>. Tools in automatic mode are ignored.
/// </remarks>
public sealed class PersonaTuneChatClient : IChatClient
{
    private readonly AdapterSlot _slot;
    private readonly WorkerPool _pool;
    private readonly ChatClientOptions _options;
    private readonly TimeProvider _time;
    private readonly ChatClientMetadata _metadata;
    private DecoderSession? _idle;
    private long _responses;
    private bool _disposed;

    /// <summary>Creates a client; slot, its model and pool must outlive it.</summary>
    /// <exception cref="ArgumentException">The options are invalid.</exception>
    /// <exception cref="Personalization.MissingTokenizerException">The model has no tokenizer.</exception>
    public PersonaTuneChatClient(AdapterSlot slot, WorkerPool pool, ChatClientOptions? options = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(slot);
        ArgumentNullException.ThrowIfNull(pool);
        _options = options ?? new ChatClientOptions();
        if (_options.Validate() is { Count: > 0 } problems) throw new ArgumentException(string.Join("; ", problems), nameof(options));
        var tokenizer = slot.Model.Tokenizer ?? throw new Personalization.MissingTokenizerException(slot.Model.Digest);
        (_slot, _pool, _time) = (slot, pool, time ?? TimeProvider.System);
        Template = ChatTemplate.Choose(slot.Model.ChatTemplate, tokenizer);
        _metadata = new ChatClientMetadata("personatune", null, _options.ModelId);
    }

    /// <summary>How conversations are laid out.</summary>
    public ChatTemplate Template { get; }

    /// <inheritdoc/>
    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var updates = new List<ChatResponseUpdate>();
        await foreach (var update in GetStreamingResponseAsync(messages, options, cancellationToken)) updates.Add(update);
        return updates.ToChatResponse();
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        ObjectDisposedException.ThrowIf(_disposed, this);
        var limit = _options.Session.ContextLimit ?? _slot.Model.Config.ContextLength;
        var request = ChatRequest.Create(messages, options, Template, _options, limit, this);
        return StreamAsync(request, options?.ModelId ?? _options.ModelId, options?.ConversationId, cancellationToken);
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        if (serviceKey is not null) return null;
        if (serviceType == typeof(ChatClientMetadata)) return _metadata;
        if (serviceType == typeof(AdapterSlot)) return _slot;
        if (serviceType == typeof(ChatTemplate)) return Template;
        if (serviceType == typeof(Engine.Models.DecoderModel)) return _slot.Model;
        if (serviceType == typeof(Engine.Tokenization.ITokenizer)) return _slot.Model.Tokenizer;
        return serviceType.IsInstanceOfType(this) ? this : null;
    }

    /// <summary>Releases the idle session. Answers that still run end on their own.</summary>
    public void Dispose()
    {
        _disposed = true;
        Interlocked.Exchange(ref _idle, null)?.Dispose();
    }

    private async IAsyncEnumerable<ChatResponseUpdate> StreamAsync(
        ChatRequest request, string modelId, string? conversationId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var id = "response-" + Interlocked.Increment(ref _responses).ToString(CultureInfo.InvariantCulture);
        var created = _time.GetUtcNow();
        var session = TakeSession();
        try
        {
            var generator = new TextGenerator(session);
            var generated = 0;
            var leading = Template.Kind == ChatTemplateKind.Plain;
            await foreach (var token in generator.GenerateAsync(request.Prompt, request.Generation, cancellationToken))
            {
                if (token.Finish is not FinishReason.StopToken) generated++;
                // "Assistant:" is followed by a space, which belongs to the layout.
                var text = leading ? token.Text.TrimStart(' ') : token.Text;
                leading &= text.Length == 0;
                if (text.Length > 0) yield return Update(text);
                if (token.Finish is not { } finish) continue;
                var usage = new UsageDetails
                {
                    InputTokenCount = request.Prompt.Count,
                    OutputTokenCount = generated,
                    TotalTokenCount = request.Prompt.Count + generated,
                };
                var last = Update(null);
                last.FinishReason = ChatRequest.Map(finish);
                last.Contents.Add(new UsageContent(usage));
                if (session.AdapterVersion is { } version) last.AdditionalProperties = new() { ["adapter_version"] = version };
                yield return last;
            }
        }
        finally
        {
            ReturnSession(session);
        }

        ChatResponseUpdate Update(string? text) => new(ChatRole.Assistant, text is null ? [] : [new TextContent(text)])
        {
            ResponseId = id,
            MessageId = id,
            ModelId = modelId,
            ConversationId = conversationId,
            CreatedAt = created,
        };
    }

    private DecoderSession TakeSession()
    {
        var session = Interlocked.Exchange(ref _idle, null);
        if (session is not null && session.AdapterVersion == _slot.Current.Version) return session;
        session?.Dispose();
        return new DecoderSession(_slot, _pool, _options.Session);
    }

    private void ReturnSession(DecoderSession session)
    {
        Interlocked.Exchange(ref _idle, session)?.Dispose();
        if (_disposed) Interlocked.Exchange(ref _idle, null)?.Dispose();
    }
}
