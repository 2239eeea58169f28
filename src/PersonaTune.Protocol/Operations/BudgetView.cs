namespace PersonaTune.Protocol.Operations;

/// <summary>A task's privacy budget.</summary>
/// <param name="Delta">Delta.</param>
/// <param name="Total">The limit of epsilon; null without differential privacy.</param>
/// <param name="Spent">Epsilon spent, the better of both accountants.</param>
/// <param name="SpentRenyi">Epsilon by the Renyi accountant alone.</param>
/// <param name="SpentLossDistribution">Epsilon by the privacy-loss-distribution accountant alone.</param>
/// <param name="RoundsLeft">Rounds that still fit.</param>
/// <param name="Curve">Epsilon after each release, oldest first.</param>
public sealed record BudgetView(
    double Delta, double? Total, double Spent, double SpentRenyi, double SpentLossDistribution, int? RoundsLeft, IReadOnlyList<double> Curve);
