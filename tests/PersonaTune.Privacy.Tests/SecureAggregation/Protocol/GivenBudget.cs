using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Protocol;

/// <summary>A budget that says what it is told to and remembers what it was asked.</summary>
internal sealed class GivenBudget : IRoundBudget
{
    public bool Remains { get; set; } = true;

    public bool CanSpend { get; set; } = true;

    public int Spent { get; private set; }

    public bool Covers(RoundConfiguration configuration) => Remains;

    public bool TrySpend(RoundConfiguration configuration, SessionId session)
    {
        if (CanSpend) Spent++;
        return CanSpend;
    }
}
