namespace PersonaTune.Privacy.SecureAggregation.Rounds;

/// <summary>The user's privacy budget, as far as a round asks for it.</summary>
public interface IRoundBudget
{
    /// <summary>Whether budget remains after the round.</summary>
    bool Covers(RoundConfiguration configuration);

    /// <summary>
    /// Books the round's cost; false if it no longer fits. Returns only when the entry would survive a crash: it is called before the
    /// upload that it pays for.
    /// </summary>
    bool TrySpend(RoundConfiguration configuration, SessionId session);
}
