namespace PersonaTune.Protocol.Tasks;

/// <summary>What the aggregator does with a round's sums.</summary>
/// <param name="Optimizer">The server's optimizer.</param>
/// <param name="LearningRate">Its learning rate.</param>
/// <param name="Momentum">FedAvg's momentum, or beta 1 of FedAdam and FedYogi.</param>
/// <param name="SecondMoment">Beta 2 of FedAdam and FedYogi.</param>
/// <param name="Adaptivity">Tau of FedAdam and FedYogi.</param>
/// <param name="NormGate">
/// A cohort whose mean update is longer than this times the median over the cohorts is left out; 0 for no gate. A cohort's mean is never longer than C
/// but for noise.
/// </param>
/// <param name="TrimFraction">The fraction of cohorts cut from either end of each coordinate before the mean; 0 for the plain mean.</param>
/// <param name="EvaluationGate">
/// The candidate's loss on the public set may exceed that of the present release by this fraction at most; negative for no gate.
/// </param>
/// <param name="CanaryFraction">The fraction of devices that get a release first; 0 for no canary.</param>
/// <param name="CanarySeconds">How long they have it alone.</param>
/// <param name="CanaryMinimumReports">Canary verdicts needed to judge; with fewer the release goes live at the end of its time.</param>
/// <param name="CanaryMaximumWorse">The release is rolled back if a larger fraction of the verdicts says worse.</param>
public sealed record ServerTerms(
    ServerOptimizerKind Optimizer = ServerOptimizerKind.FedAvg, double LearningRate = 1, double Momentum = 0, double SecondMoment = 0.99,
    double Adaptivity = 1e-3, double NormGate = 0, double TrimFraction = 0, double EvaluationGate = -1, double CanaryFraction = 0,
    double CanarySeconds = 0, int CanaryMinimumReports = 10, double CanaryMaximumWorse = 0.5);
