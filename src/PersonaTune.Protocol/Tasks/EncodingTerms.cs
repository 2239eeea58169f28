namespace PersonaTune.Protocol.Tasks;

/// <summary>How an update becomes integers (clip, rotate, scale, round).</summary>
/// <param name="Clip">C: the L2 norm to which an update is clipped.</param>
/// <param name="Scale">s: the factor between a real coordinate and its integer.</param>
/// <param name="Bits">b: sums are taken modulo 2^b; 16, 20, 24 or 32.</param>
/// <param name="RotationSeed">The seed of the random rotation: 64 hexadecimal digits.</param>
/// <param name="Beta">The bias allowed to conditional rounding, 0 to below 1.</param>
public sealed record EncodingTerms(double Clip, double Scale, int Bits, string RotationSeed, double Beta = 0.6065306597126334);
