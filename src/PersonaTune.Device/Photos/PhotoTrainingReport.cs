namespace PersonaTune.Device.Photos;

/// <summary>What a training did.</summary>
/// <param name="Photos">Pictures that it learned from.</param>
/// <param name="Labels">Labels that it learned.</param>
/// <param name="UsesAdapter">Whether a LoRA adapter was kept, or a head alone.</param>
/// <param name="Reason">Why, in one sentence.</param>
/// <param name="HeldOut">Pictures held out by the gate; 0 where there were too few to hold any out.</param>
/// <param name="HeadAccuracy">Share of them that a head alone named rightly.</param>
/// <param name="AdapterAccuracy">Share of them that adapter and head named rightly.</param>
/// <param name="Duration">Time it took.</param>
public sealed record PhotoTrainingReport(int Photos, int Labels, bool UsesAdapter, string Reason, int HeldOut, double HeadAccuracy, double AdapterAccuracy, TimeSpan Duration);
