namespace PersonaTune.Cli.Simulation;

/// <summary>What a round of a simulation came to.</summary>
/// <param name="Round">Its number.</param>
/// <param name="Attempts">Attempts until it was published.</param>
/// <param name="Loss">Held-out loss after it.</param>
/// <param name="Accuracy">Held-out accuracy after it, or null.</param>
/// <param name="Epsilon">Epsilon spent so far by the better bound, or null.</param>
/// <param name="EpsilonRenyi">The same by the Renyi accountant.</param>
/// <param name="EpsilonLoss">The same by loss distributions.</param>
/// <param name="Completed">Participations that came to their end.</param>
/// <param name="Lost">Devices that vanished.</param>
/// <param name="Failed">Participations that ended otherwise.</param>
/// <param name="BytesUp">Bytes that devices sent.</param>
/// <param name="BytesDown">Bytes that devices received.</param>
/// <param name="Seconds">How long it took.</param>
internal sealed record SimulatedRound(
    int Round, int Attempts, double Loss, double? Accuracy, double? Epsilon, double EpsilonRenyi, double EpsilonLoss, int Completed, int Lost, int Failed, long BytesUp, long BytesDown, double Seconds);
