using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.Accounting;

/// <summary>
/// The one fixed encoding of a <see cref="PrivacyEvent"/>, for ledgers and signed tasks: a tag byte for each kind, then its fields,
/// little-endian; lists are preceded by their count. Equal events have equal bytes. Thread-safe.
/// </summary>
/// <remarks>Depth is limited to <see cref="MaxDepth"/>; counts are checked against the bytes that remain before anything is allocated.</remarks>
public static class PrivacyEventCodec
{
    /// <summary>How deep events may be nested.</summary>
    public const int MaxDepth = 16;

    private const string Subject = "privacy event";

    private enum Tag : byte
    {
        None = 0, NonPrivate, Gaussian, Laplace, DiscreteGaussian, DiscreteLaplace, Skellam, RandomizedResponse, EpsilonDelta, Zcdp,
        ExponentialMechanism, PermuteAndFlip, PoissonSampled, SampledWithoutReplacement, TruncatedSubsampledGaussian, MixtureOfGaussians,
        TreeAggregation, RepeatAndSelect, SelfComposed, Composed, DistributedDiscreteGaussian,
    }

    /// <summary>Encodes an event.</summary>
    /// <exception cref="ArgumentException">It is nested deeper than <see cref="MaxDepth"/>, or of a kind that was not made here.</exception>
    public static byte[] Encode(PrivacyEvent privacyEvent)
    {
        ArgumentNullException.ThrowIfNull(privacyEvent);
        using var writer = new SealWriter();
        Write(writer, privacyEvent, 0);
        return writer.ToArray();
    }

    /// <summary>Decodes what <see cref="Encode"/> wrote.</summary>
    /// <exception cref="TamperedException">The bytes are truncated, malformed, followed by others, or state values outside their range.</exception>
    public static PrivacyEvent Decode(ReadOnlySpan<byte> encoded)
    {
        var reader = new SealReader(encoded, Subject);
        try
        {
            var privacyEvent = Read(ref reader, 0);
            reader.End();
            return privacyEvent;
        }
        catch (ArgumentException e)
        {
            throw new TamperedException(Subject, "it states a value outside its range; it was altered or written by a newer release", e);
        }
    }

    private static void Write(SealWriter writer, PrivacyEvent privacyEvent, int depth)
    {
        if (depth > MaxDepth) throw new ArgumentException($"the event is nested deeper than {MaxDepth}; flatten its compositions", nameof(privacyEvent));
        void Doubles(Tag tag, params ReadOnlySpan<double> values)
        {
            writer.WriteByte((byte)tag);
            foreach (var value in values) writer.WriteDouble(value);
        }

        switch (privacyEvent)
        {
            case NoEvent: Doubles(Tag.None); break;
            case NonPrivateEvent: Doubles(Tag.NonPrivate); break;
            case GaussianEvent e: Doubles(Tag.Gaussian, e.NoiseMultiplier); break;
            case LaplaceEvent e: Doubles(Tag.Laplace, e.NoiseMultiplier); break;
            case DiscreteGaussianEvent e:
                Doubles(Tag.DiscreteGaussian, e.Sigma, e.Sensitivity);
                writer.WriteInt32(e.Dimension);
                break;
            case DiscreteLaplaceEvent e:
                Doubles(Tag.DiscreteLaplace, e.NoiseParameter);
                writer.WriteInt32(e.Sensitivity);
                break;
            case DistributedDiscreteGaussianEvent e:
                Doubles(Tag.DistributedDiscreteGaussian, e.Sigma, e.L1Sensitivity, e.L2Sensitivity, e.Tau);
                writer.WriteInt32(e.Dimension);
                break;
            case SkellamEvent e: Doubles(Tag.Skellam, e.Variance, e.L1Sensitivity, e.L2Sensitivity); break;
            case RandomizedResponseEvent e:
                Doubles(Tag.RandomizedResponse, e.NoiseParameter);
                writer.WriteInt32(e.Buckets);
                break;
            case EpsilonDeltaEvent e: Doubles(Tag.EpsilonDelta, e.Epsilon, e.Delta); break;
            case ZcdpEvent e: Doubles(Tag.Zcdp, e.Rho, e.Xi); break;
            case ExponentialMechanismEvent e: Doubles(Tag.ExponentialMechanism, e.Epsilon); break;
            case PermuteAndFlipEvent e: Doubles(Tag.PermuteAndFlip, e.Epsilon); break;
            case PoissonSampledEvent e:
                Doubles(Tag.PoissonSampled, e.SamplingProbability);
                Write(writer, e.Event, depth + 1);
                break;
            case SampledWithoutReplacementEvent e:
                Doubles(Tag.SampledWithoutReplacement);
                writer.WriteInt32(e.SourceSize);
                writer.WriteInt32(e.SampleSize);
                Write(writer, e.Event, depth + 1);
                break;
            case TruncatedSubsampledGaussianEvent e:
                Doubles(Tag.TruncatedSubsampledGaussian);
                writer.WriteInt32(e.DatasetSize);
                writer.WriteDouble(e.SamplingProbability);
                writer.WriteInt32(e.TruncatedBatchSize);
                writer.WriteDouble(e.NoiseMultiplier);
                break;
            case MixtureOfGaussiansEvent e:
                Doubles(Tag.MixtureOfGaussians, e.StandardDeviation);
                WriteList(writer, e.Sensitivities, writer.WriteDouble);
                WriteList(writer, e.SamplingProbabilities, writer.WriteDouble);
                break;
            case TreeAggregationEvent e:
                Doubles(Tag.TreeAggregation, e.NoiseMultiplier);
                WriteList(writer, e.StepCounts, writer.WriteInt32);
                break;
            case RepeatAndSelectEvent e:
                Doubles(Tag.RepeatAndSelect, e.Mean, e.Shape);
                Write(writer, e.Event, depth + 1);
                break;
            case SelfComposedEvent e:
                Doubles(Tag.SelfComposed);
                writer.WriteInt64(e.Count);
                Write(writer, e.Event, depth + 1);
                break;
            case ComposedEvent e:
                Doubles(Tag.Composed);
                WriteList(writer, e.Events, child => Write(writer, child, depth + 1));
                break;
            default:
                throw new ArgumentException($"an event of type {privacyEvent.GetType().Name} has no encoding; describe it by the events of this library",
                    nameof(privacyEvent));
        }
    }

    private static PrivacyEvent Read(ref SealReader reader, int depth)
    {
        if (depth > MaxDepth) throw new TamperedException(Subject, $"it is nested deeper than {MaxDepth}; it was altered");
        var tag = (Tag)reader.ReadByte();
        switch (tag)
        {
            case Tag.None: return new NoEvent();
            case Tag.NonPrivate: return new NonPrivateEvent();
            case Tag.Gaussian: return new GaussianEvent(reader.ReadDouble());
            case Tag.Laplace: return new LaplaceEvent(reader.ReadDouble());
            case Tag.DiscreteGaussian: return new DiscreteGaussianEvent(reader.ReadDouble(), reader.ReadDouble(), reader.ReadInt32());
            case Tag.DiscreteLaplace: return new DiscreteLaplaceEvent(reader.ReadDouble(), reader.ReadInt32());
            case Tag.Skellam: return new SkellamEvent(reader.ReadDouble(), reader.ReadDouble(), reader.ReadDouble());
            case Tag.RandomizedResponse: return new RandomizedResponseEvent(reader.ReadDouble(), reader.ReadInt32());
            case Tag.EpsilonDelta: return new EpsilonDeltaEvent(reader.ReadDouble(), reader.ReadDouble());
            case Tag.Zcdp: return new ZcdpEvent(reader.ReadDouble(), reader.ReadDouble());
            case Tag.ExponentialMechanism: return new ExponentialMechanismEvent(reader.ReadDouble());
            case Tag.PermuteAndFlip: return new PermuteAndFlipEvent(reader.ReadDouble());
            case Tag.PoissonSampled: return new PoissonSampledEvent(reader.ReadDouble(), Read(ref reader, depth + 1));
            case Tag.SampledWithoutReplacement:
                return new SampledWithoutReplacementEvent(reader.ReadInt32(), reader.ReadInt32(), Read(ref reader, depth + 1));
            case Tag.TruncatedSubsampledGaussian:
                return new TruncatedSubsampledGaussianEvent(reader.ReadInt32(), reader.ReadDouble(), reader.ReadInt32(), reader.ReadDouble());
            case Tag.MixtureOfGaussians:
                return new MixtureOfGaussiansEvent(reader.ReadDouble(), ReadDoubles(ref reader), ReadDoubles(ref reader));
            case Tag.TreeAggregation: return ReadTree(ref reader);
            case Tag.RepeatAndSelect:
                var (mean, shape) = (reader.ReadDouble(), reader.ReadDouble());
                return new RepeatAndSelectEvent(Read(ref reader, depth + 1), mean, shape);
            case Tag.SelfComposed:
                var count = reader.ReadInt64();
                return new SelfComposedEvent(Read(ref reader, depth + 1), count);
            case Tag.DistributedDiscreteGaussian:
                var (sigma, l1, l2, tau) = (reader.ReadDouble(), reader.ReadDouble(), reader.ReadDouble(), reader.ReadDouble());
                return new DistributedDiscreteGaussianEvent(sigma, l1, l2, reader.ReadInt32(), tau);
            case Tag.Composed:
                var events = new PrivacyEvent[reader.ReadCount(1)];
                for (var i = 0; i < events.Length; i++) events[i] = Read(ref reader, depth + 1);
                return new ComposedEvent(events);
            default:
                throw new TamperedException(Subject, $"it has the unknown kind {(byte)tag}; it was altered or written by a newer release");
        }
    }

    private static TreeAggregationEvent ReadTree(ref SealReader reader)
    {
        var noiseMultiplier = reader.ReadDouble();
        var steps = new int[reader.ReadCount(sizeof(int))];
        for (var i = 0; i < steps.Length; i++) steps[i] = reader.ReadInt32();
        return new TreeAggregationEvent(noiseMultiplier, steps);
    }

    private static double[] ReadDoubles(ref SealReader reader)
    {
        var values = new double[reader.ReadCount(sizeof(double))];
        for (var i = 0; i < values.Length; i++) values[i] = reader.ReadDouble();
        return values;
    }

    private static void WriteList<T>(SealWriter writer, IReadOnlyList<T> items, Action<T> write)
    {
        writer.WriteInt32(items.Count);
        foreach (var item in items) write(item);
    }
}
