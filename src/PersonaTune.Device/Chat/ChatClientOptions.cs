using PersonaTune.Engine.Inference;

namespace PersonaTune.Device.Chat;

/// <summary>How a <see cref="PersonaTuneChatClient"/> answers where a request does not say.</summary>
public sealed record ChatClientOptions
{
    /// <summary>Name that responses and metadata carry. Default "personatune".</summary>
    public string ModelId { get; init; } = "personatune";

    /// <summary>Length, sampling and stops of an answer.</summary>
    public GenerationOptions Generation { get; init; } = GenerationOptions.Default;

    /// <summary>How sessions run the model.</summary>
    public SessionOptions Session { get; init; } = SessionOptions.Default;

    /// <summary>Problems of these values, one sentence each; empty when they are usable.</summary>
    public IReadOnlyList<string> Validate()
    {
        var problems = new List<string>();
        if (string.IsNullOrWhiteSpace(ModelId)) problems.Add($"{nameof(ModelId)} is empty; expected a name");
        try
        {
            Generation.Validate();
        }
        catch (Engine.EngineException e)
        {
            problems.Add(e.Message);
        }
        return problems;
    }
}
