using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Cli.Simulation;

/// <summary>A user without limits; the server's ledger keeps count.</summary>
internal sealed class FreeBudget : IRoundBudget
{
    /// <inheritdoc/>
    public bool Covers(RoundConfiguration configuration) => true;

    /// <inheritdoc/>
    public bool TrySpend(RoundConfiguration configuration, SessionId session) => true;
}
