namespace PersonaTune.Privacy.Auditing;

/// <summary>What an audit found.</summary>
/// <param name="Canaries">The number m of canaries.</param>
/// <param name="Guesses">The number r of guesses.</param>
/// <param name="Correct">The number v of right ones.</param>
/// <param name="EpsilonLowerBound">With probability 1 - significance at least, the true epsilon is no smaller than this.</param>
/// <param name="Delta">The delta to which the bound belongs.</param>
/// <param name="Significance">The probability with which the bound may be wrong.</param>
public sealed record OneRunAuditResult(int Canaries, int Guesses, int Correct, double EpsilonLowerBound, double Delta, double Significance);
