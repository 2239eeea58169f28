namespace PersonaTune.Privacy.SecureAggregation.Rounds;

public sealed partial record RoundConfiguration
{
    /// <summary>
    /// Throws unless the configuration is well formed and free of contradictions. What is acceptable to a device is a question of its
    /// policy.
    /// </summary>
    /// <exception cref="RefusalException">Reason <see cref="RefusalReason.ConfigurationInvalid"/>; the message names the field.</exception>
    public void Validate()
    {
        Require(IsText(Task, 1, 128), nameof(Task), "1 to 128 printable ASCII characters");
        Require(IsText(LedgerUnit, 1, 64), nameof(LedgerUnit), "1 to 64 printable ASCII characters");
        Require(Round >= 1, nameof(Round), "at least 1");
        Require(ModelHash.Length == HashLength, nameof(ModelHash), "32 bytes");
        Require(AdapterSchemaHash.Length == HashLength, nameof(AdapterSchemaHash), "32 bytes");
        Require(HelperKeyHash.Length == HashLength, nameof(HelperKeyHash), "32 bytes");
        Require(Mode is AggregationMode.SingleServer or AggregationMode.TwoServers, nameof(Mode), "a known mode");
        Require(Dimension is >= 1 and <= MaximumDimension, nameof(Dimension), $"1 to {MaximumDimension}");
        Require(BitPacking.IsSupported(Bits), nameof(Bits), "16, 20, 24 or 32");
        Require(double.IsFinite(Clip) && Clip > 0, nameof(Clip), "finite and positive");
        Require(double.IsFinite(Scale) && Scale > 0 && Clip * Scale <= 1L << 40, nameof(Scale), "finite, positive, up to 2^40 with the clip");
        Require(Noise is NoiseKind.None or NoiseKind.DiscreteGaussian or NoiseKind.Skellam, nameof(Noise), "a known kind");
        // BitConverter, because -0 equals 0 and would be a second encoding of the same value.
        Require(
            Noise == NoiseKind.None ? BitConverter.DoubleToInt64Bits(NoiseSigma) == 0 : double.IsFinite(NoiseSigma) && NoiseSigma > 0,
            nameof(NoiseSigma), "0 without noise, else finite and positive");
        Require(MinimumDevices is >= 3 and <= MaximumCohort, nameof(MinimumDevices), $"3 to {MaximumCohort}");
        Require(
            MaximumDevices >= MinimumDevices && MaximumDevices <= MaximumCohort, nameof(MaximumDevices), $"the minimum to {MaximumCohort}");
        Require(CorruptPpm is >= 0 and < Million, nameof(CorruptPpm), "0 to 999999");
        Require(DropoutPpm is >= 0 and < Million, nameof(DropoutPpm), "0 to 999999");
        Require((long)CorruptPpm + DropoutPpm < Million, nameof(DropoutPpm), "together with the corrupt rate below 1000000");
        Require(Durations is not null, nameof(Durations), "present");
        foreach (var duration in Durations!.ToArray())
        {
            Require(
                duration.Ticks % TimeSpan.TicksPerMillisecond == 0 && duration.TotalMilliseconds is >= 0 and <= uint.MaxValue,
                nameof(Durations), "whole milliseconds up to 2^32 - 1");
        }

        Require(Durations.Input > TimeSpan.Zero, nameof(Durations), "a positive time for input");
        if (Mode == AggregationMode.SingleServer) ValidateSingleServer();
        else ValidateTwoServers();
    }

    private void ValidateSingleServer()
    {
        Require(Degree is >= 2 and <= MaximumCohort && Degree % 2 == 0, nameof(Degree), "even and at least 2");
        Require(Threshold >= 2 && Threshold <= Degree, nameof(Threshold), "2 to the degree");
        Require(
            2L * QuorumPpm >= (long)Million + CorruptPpm && QuorumPpm < Million,
            nameof(QuorumPpm), "at least half of 1000000 + the corrupt rate, and below 1000000");
        Require(Durations.ToArray().All(duration => duration > TimeSpan.Zero), nameof(Durations), "a positive time for each stage");
        Require(HelperKeyHash.Span.IndexOfAnyExcept((byte)0) < 0, nameof(HelperKeyHash), "zeros with a single server");
    }

    private void ValidateTwoServers()
    {
        Require(Degree == 0, nameof(Degree), "0 with two servers");
        Require(Threshold == 0, nameof(Threshold), "0 with two servers");
        Require(QuorumPpm == 0, nameof(QuorumPpm), "0 with two servers");
        Require(Durations.Total == Durations.Input, nameof(Durations), "a window only, with two servers");
        Require(HelperKeyHash.Span.IndexOfAnyExcept((byte)0) >= 0, nameof(HelperKeyHash), "the hash of the helper's key");
    }

    private static bool IsText(string? text, int shortest, int longest) =>
        text is not null && text.Length >= shortest && text.Length <= longest && text.All(c => c is >= ' ' and <= '~');

    private static void Require(bool condition, string field, string expected)
    {
        if (!condition)
        {
            throw new RefusalException(
                RefusalReason.ConfigurationInvalid, "round configuration", $"{field} must be {expected}; correct the configuration");
        }
    }
}
