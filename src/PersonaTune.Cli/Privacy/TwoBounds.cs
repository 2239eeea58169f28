using PersonaTune.Privacy.Accounting;

namespace PersonaTune.Cli.Privacy;

/// <summary>Epsilon by both accountants; NaN where one of them cannot analyse the event.</summary>
internal sealed record TwoBounds(double Rdp, double Pld)
{
    /// <summary>The smaller one, which holds as well.</summary>
    public double Epsilon => double.IsNaN(Pld) ? Rdp : double.IsNaN(Rdp) ? Pld : Math.Min(Rdp, Pld);

    /// <summary>Which of them it is.</summary>
    public string Bound => double.IsNaN(Rdp) || Pld <= Rdp ? "PLD" : "RDP";

    /// <summary>Accounts <paramref name="count"/> repetitions of an event.</summary>
    /// <exception cref="UnsupportedEventException">Neither accountant can analyse it.</exception>
    public static TwoBounds Account(NeighbouringRelation relation, PrivacyEvent privacyEvent, long count, double delta)
    {
        var rdp = EpsilonOf(new RdpAccountant(relation), privacyEvent, count, delta);
        var pld = EpsilonOf(new PldAccountant(relation), privacyEvent, count, delta);
        if (double.IsNaN(rdp) && double.IsNaN(pld)) new RdpAccountant(relation).Compose(privacyEvent); // says why it refuses
        return new TwoBounds(rdp, pld);
    }

    private static double EpsilonOf(IPrivacyAccountant accountant, PrivacyEvent privacyEvent, long count, double delta) =>
        accountant.Supports(privacyEvent) ? accountant.Compose(privacyEvent, count).GetEpsilon(delta) : double.NaN;
}
