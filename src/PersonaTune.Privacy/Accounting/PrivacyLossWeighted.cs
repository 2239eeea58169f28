namespace PersonaTune.Privacy.Accounting;

/// <summary>A mechanism that reveals which of two mechanisms it ran: the first with probability <c>Weight</c>, else the second.</summary>
internal sealed record PrivacyLossWeighted(PrivacyLossMechanism First, double Weight, PrivacyLossMechanism Second) : PrivacyLossMechanism
{
    public override double Delta(double epsilon) => Weight * First.Delta(epsilon) + (1 - Weight) * Second.Delta(epsilon);

    public override PldPmf Discretize(PldGrid grid) => PldPmf.Mix(First.Discretize(grid), Weight, Second.Discretize(grid));
}
