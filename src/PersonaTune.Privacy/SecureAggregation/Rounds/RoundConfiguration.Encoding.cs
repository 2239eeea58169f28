using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.SecureAggregation.Rounds;

public sealed partial record RoundConfiguration
{
    internal const int MaximumEncodedLength = 1024;

    /// <summary>The one encoding of the configuration.</summary>
    /// <exception cref="RefusalException">The configuration is not valid, see <see cref="Validate"/>.</exception>
    public byte[] Encode()
    {
        Validate();
        using var writer = new SealWriter();
        Write(writer);
        return writer.ToArray();
    }

    /// <summary>Reads what <see cref="Encode"/> wrote; anything else is refused.</summary>
    /// <exception cref="RefusalException">Not the encoding of a valid configuration.</exception>
    public static RoundConfiguration Decode(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var reader = new SealReader(bytes, "round configuration");
            var configuration = Read(ref reader);
            reader.End();
            return configuration;
        }
        catch (TamperedException e)
        {
            throw new RefusalException(RefusalReason.Malformed, e.Subject, e.Problem, e);
        }
    }

    internal void Write(SealWriter writer)
    {
        writer.WriteText(Task);
        writer.WriteInt64(Round);
        writer.WriteFixed(ModelHash.Span);
        writer.WriteFixed(AdapterSchemaHash.Span);
        writer.WriteByte((byte)Mode);
        writer.WriteInt32(Dimension);
        writer.WriteByte((byte)Bits);
        writer.WriteDouble(Clip);
        writer.WriteDouble(Scale);
        writer.WriteByte((byte)Noise);
        writer.WriteDouble(NoiseSigma);
        foreach (var number in (ReadOnlySpan<int>)[MinimumDevices, MaximumDevices, Degree, Threshold, CorruptPpm, DropoutPpm, QuorumPpm])
            writer.WriteInt32(number);
        foreach (var duration in Durations.ToArray()) writer.WriteUInt32((uint)duration.TotalMilliseconds);
        writer.WriteText(LedgerUnit);
        writer.WriteFixed(HelperKeyHash.Span);
    }

    internal static RoundConfiguration Read(ref SealReader reader)
    {
        var configuration = new RoundConfiguration
        {
            Task = reader.ReadText(),
            Round = reader.ReadInt64(),
            ModelHash = reader.ReadFixed(HashLength).ToArray(),
            AdapterSchemaHash = reader.ReadFixed(HashLength).ToArray(),
            Mode = (AggregationMode)reader.ReadByte(),
            Dimension = reader.ReadInt32(),
            Bits = reader.ReadByte(),
            Clip = reader.ReadDouble(),
            Scale = reader.ReadDouble(),
            Noise = (NoiseKind)reader.ReadByte(),
            NoiseSigma = reader.ReadDouble(),
            MinimumDevices = reader.ReadInt32(),
            MaximumDevices = reader.ReadInt32(),
            Degree = reader.ReadInt32(),
            Threshold = reader.ReadInt32(),
            CorruptPpm = reader.ReadInt32(),
            DropoutPpm = reader.ReadInt32(),
            QuorumPpm = reader.ReadInt32(),
            Durations = ReadDurations(ref reader),
            LedgerUnit = reader.ReadText(),
            HelperKeyHash = reader.ReadFixed(HashLength).ToArray(),
        };
        configuration.Validate();
        return configuration;
    }

    private static StageDurations ReadDurations(ref SealReader reader)
    {
        var stages = new TimeSpan[StageDurations.Count];
        for (var i = 0; i < stages.Length; i++) stages[i] = TimeSpan.FromMilliseconds(reader.ReadUInt32());
        return StageDurations.From(stages);
    }
}
