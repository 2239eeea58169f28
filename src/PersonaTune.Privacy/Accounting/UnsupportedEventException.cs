namespace PersonaTune.Privacy.Accounting;

/// <summary>An accountant was given an event whose analysis it does not have, or has only under another neighbouring relation.</summary>
public sealed class UnsupportedEventException : Exception
{
    /// <summary>Names the event, the relation, why it is refused and what to do instead.</summary>
    /// <param name="accountant">What refuses, e.g. "the RDP accountant".</param>
    /// <param name="privacyEvent">The event refused.</param>
    /// <param name="relation">The relation of the accountant.</param>
    /// <param name="reason">Why the event is refused.</param>
    /// <param name="nextAction">What the caller can do.</param>
    public UnsupportedEventException(
        string accountant, PrivacyEvent privacyEvent, NeighbouringRelation relation, string reason, string nextAction)
        : base($"{accountant} cannot analyse {privacyEvent?.GetType().Name} under {relation}: {reason}; {nextAction}")
    {
        ArgumentNullException.ThrowIfNull(privacyEvent);
        Event = privacyEvent;
        Relation = relation;
        Reason = reason;
        NextAction = nextAction;
    }

    /// <summary>The event refused.</summary>
    public PrivacyEvent Event { get; }

    /// <summary>The relation of the accountant that refused it.</summary>
    public NeighbouringRelation Relation { get; }

    /// <summary>Why the event is refused.</summary>
    public string Reason { get; }

    /// <summary>What the caller can do.</summary>
    public string NextAction { get; }
}
