namespace PersonaTune.Engine.Inference;

/// <summary>A sequence would grow beyond its context limit. The session is unchanged: truncate it, or start a new one.</summary>
public sealed class ContextLimitException : EngineException
{
    /// <summary>Creates the exception.</summary>
    public ContextLimitException(int position, int added, int limit)
        : base($"the context holds {position} tokens and {added} more exceed its limit of {limit}; shorten the text, truncate the session, "
            + "or raise SessionOptions.ContextLimit if the model allows more")
    {
        Position = position;
        Added = added;
        Limit = limit;
    }

    /// <summary>Tokens in the context before the call.</summary>
    public int Position { get; }

    /// <summary>Tokens that the call would have added.</summary>
    public int Added { get; }

    /// <summary>Most tokens the context may hold.</summary>
    public int Limit { get; }
}
