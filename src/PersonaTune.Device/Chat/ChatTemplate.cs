using PersonaTune.Engine.Tokenization;

namespace PersonaTune.Device.Chat;

/// <summary>
/// Lays out a conversation as tokens. What the participants wrote is always encoded as plain text, so that a message which spells a
/// control token cannot forge a turn. Immutable and thread-safe.
/// </summary>
/// <remarks>
/// The plain layout: the system text and an empty line; then "User: ", the text and a line break for each user message, "Assistant: ",
/// the text and a line break for each answer; at the end "Assistant:". Generation stops before "\nUser:".
/// </remarks>
public sealed class ChatTemplate
{
    private readonly ITokenizer _tokenizer;

    private ChatTemplate(ChatTemplateKind kind, ITokenizer tokenizer)
    {
        (Kind, _tokenizer) = (kind, tokenizer);
        var stops = new List<int>();
        if (tokenizer.EosId is { } eos) stops.Add(eos);
        var end = kind switch { ChatTemplateKind.ChatMl => "<|im_end|>", ChatTemplateKind.Llama3 => "<|eot_id|>", _ => null };
        if (end is not null && tokenizer.FindToken(end) is { } id && !stops.Contains(id)) stops.Add(id);
        StopIds = stops;
        StopTexts = kind == ChatTemplateKind.Plain ? ["\nUser:", "\nSystem:"] : [];
    }

    /// <summary>The layout.</summary>
    public ChatTemplateKind Kind { get; }

    /// <summary>The vocabulary's end of a sequence, or null.</summary>
    internal int? EndId => _tokenizer.EosId;

    /// <summary>Tokens that end an answer.</summary>
    public IReadOnlyList<int> StopIds { get; }

    /// <summary>Texts that end an answer; they are not part of it.</summary>
    public IReadOnlyList<string> StopTexts { get; }

    /// <summary>
    /// Chooses the layout for a model: by the marks in its Jinja template where they belong to a known layout and the vocabulary has
    /// the control tokens, otherwise the plain one. The Jinja text itself is never executed.
    /// </summary>
    /// <param name="jinja"><c>tokenizer.chat_template</c> of the model file, or null.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    public static ChatTemplate Choose(string? jinja, ITokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        var kind = ChatTemplateKind.Plain;
        if (jinja is not null)
        {
            if (Has("<|im_start|>") && Has("<|im_end|>")) kind = ChatTemplateKind.ChatMl;
            else if (Has("<|start_header_id|>") && Has("<|end_header_id|>") && Has("<|eot_id|>")) kind = ChatTemplateKind.Llama3;
            else if (jinja.Contains("<|user|>", StringComparison.Ordinal) && jinja.Contains("<|assistant|>", StringComparison.Ordinal)
                && jinja.Contains("eos_token", StringComparison.Ordinal) && tokenizer.EosId is not null) kind = ChatTemplateKind.Zephyr;
        }
        return new ChatTemplate(kind, tokenizer);

        bool Has(string mark) => jinja.Contains(mark, StringComparison.Ordinal) && tokenizer.FindToken(mark) is not null;
    }

    /// <summary>The tokens after which the model's answer begins.</summary>
    public IReadOnlyList<int> Encode(IEnumerable<ChatTurn> turns)
    {
        ArgumentNullException.ThrowIfNull(turns);
        var ids = new List<int>();
        if ((_tokenizer.AddBos || Kind == ChatTemplateKind.Llama3) && _tokenizer.BosId is { } bos) ids.Add(bos);
        switch (Kind)
        {
            case ChatTemplateKind.ChatMl:
                foreach (var turn in turns)
                {
                    Control("<|im_start|>");
                    Text($"{turn.Role}\n{turn.Text}");
                    Control("<|im_end|>");
                    Text("\n");
                }
                Control("<|im_start|>");
                Text("assistant\n");
                break;
            case ChatTemplateKind.Llama3:
                foreach (var turn in turns)
                {
                    Header(turn.Role);
                    Text(turn.Text.Trim());
                    Control("<|eot_id|>");
                }
                Header("assistant");
                break;
            case ChatTemplateKind.Zephyr:
                foreach (var turn in turns)
                {
                    Text($"<|{turn.Role}|>\n{turn.Text}");
                    ids.Add(_tokenizer.EosId!.Value);
                    Text("\n");
                }
                Text("<|assistant|>\n");
                break;
            default:
                Text(Plain(turns));
                break;
        }
        return ids;

        void Header(string role)
        {
            Control("<|start_header_id|>");
            Text(role);
            Control("<|end_header_id|>");
            Text("\n\n");
        }

        void Control(string mark) => ids.Add(_tokenizer.FindToken(mark)!.Value);
        void Text(string text) => ids.AddRange(_tokenizer.Encode(text));
    }

    private static string Plain(IEnumerable<ChatTurn> turns)
    {
        var text = new System.Text.StringBuilder();
        foreach (var turn in turns)
            _ = turn.Role switch
            {
                "system" => text.Append(turn.Text).Append("\n\n"),
                "assistant" => text.Append("Assistant: ").Append(turn.Text).Append('\n'),
                _ => text.Append("User: ").Append(turn.Text).Append('\n'),
            };
        return text.Append("Assistant:").ToString();
    }
}
