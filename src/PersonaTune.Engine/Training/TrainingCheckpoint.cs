using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace PersonaTune.Engine.Training;

/// <summary>
/// A training's state as bytes, little-endian: magic "PTTRAIN1"; base digest (64 ASCII hex digits); digests of options and examples (32 bytes
/// each); micro-batch tokens; counts of all and of trained numbers and whether a best adapter is kept; position (step, cursor, step loss, stopped,
/// stale, best loss, best step); losses; evaluations; numbers, moments, gradient (only inside a step), best; SHA-256 over all before.
/// The digest is for damage and mix-ups; who must keep others from forging checkpoints seals them.
/// </summary>
internal static class TrainingCheckpoint
{
    private const int DigestBytes = 32;
    private static ReadOnlySpan<byte> Magic => "PTTRAIN"u8;

    public static byte[] Write(TrainingState state, TrainingIdentity identity, int microBatchTokens)
    {
        using var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream, Encoding.ASCII, leaveOpen: true))
        {
            writer.Write(Magic);
            writer.Write((byte)'1');
            var digest = new byte[64];
            Encoding.ASCII.GetBytes(identity.BaseDigest, digest);
            writer.Write(digest);
            writer.Write(identity.Options);
            writer.Write(identity.Examples);
            writer.Write(microBatchTokens);
            writer.Write(state.Parameters.Count);
            writer.Write(state.Parameters.TrainedCount);
            writer.Write(state.Best.Length > 0);
            writer.Write(state.Step);
            writer.Write(state.Cursor);
            writer.Write(state.StepLoss);
            writer.Write(state.Stopped);
            writer.Write(state.Stale);
            writer.Write(state.BestLoss);
            writer.Write(state.BestStep);
            writer.Write(state.Losses.Count);
            foreach (var loss in state.Losses) writer.Write(loss);
            writer.Write(state.Evaluations.Count);
            foreach (var point in state.Evaluations)
            {
                writer.Write(point.Step);
                writer.Write(point.Loss);
            }

            Append(writer, state.Parameters.AllValues);
            Append(writer, state.FirstMoments);
            Append(writer, state.SecondMoments);
            if (state.Cursor > 0) Append(writer, state.Parameters.TrainedGradients);
            Append(writer, state.Best);
            writer.Flush();
            writer.Write(SHA256.HashData(stream.GetBuffer().AsSpan(0, (int)stream.Length)));
        }

        return stream.ToArray();
    }

    /// <summary>Verifies form, digest and identity and gives the micro-batch that the training used.</summary>
    /// <exception cref="TrainingCheckpointException">Says what is wrong.</exception>
    public static int Verify(ReadOnlySpan<byte> bytes, TrainingIdentity identity)
    {
        if (bytes.Length < Magic.Length + 1 || !bytes[..Magic.Length].SequenceEqual(Magic))
            throw new TrainingCheckpointException(TrainingCheckpointProblem.NotACheckpoint, "the bytes do not begin with PTTRAIN; this is another kind of file");
        if (bytes[Magic.Length] != '1')
            throw new TrainingCheckpointException(TrainingCheckpointProblem.Version,
                $"format version {(char)bytes[Magic.Length]} is not version 1, which this library reads; resume with the library that wrote it or start again");
        if (bytes.Length < Magic.Length + 1 + DigestBytes || !SHA256.HashData(bytes[..^DigestBytes]).AsSpan().SequenceEqual(bytes[^DigestBytes..]))
            throw new TrainingCheckpointException(TrainingCheckpointProblem.Digest, "the SHA-256 does not match: the bytes are damaged or cut off; start again");
        var reader = new Reader(bytes[(Magic.Length + 1)..^DigestBytes]);
        var found = Encoding.ASCII.GetString(reader.Bytes(64)).TrimEnd('\0');
        if (found != identity.BaseDigest)
            throw new TrainingCheckpointException(TrainingCheckpointProblem.BaseModel,
                $"belongs to base model {found}, this is {identity.BaseDigest} (SHA-256); load that model or start again");
        if (!reader.Bytes(32).SequenceEqual(identity.Options))
            throw new TrainingCheckpointException(TrainingCheckpointProblem.Options, "was written with other training options or above other adapters; use the same ones or start again");
        if (!reader.Bytes(32).SequenceEqual(identity.Examples))
            throw new TrainingCheckpointException(TrainingCheckpointProblem.Examples, "was written while learning other examples; use the same ones or start again");
        var tokens = reader.Int32();
        return tokens is >= 1 and <= 1 << 20 ? tokens : throw Structure($"a micro-batch of {tokens} tokens is impossible");
    }

    /// <summary>Fills a fresh state of the same shape from verified bytes.</summary>
    /// <exception cref="TrainingCheckpointException">The contents contradict themselves.</exception>
    public static void Read(ReadOnlySpan<byte> bytes, TrainingState state, int totalSteps)
    {
        var reader = new Reader(bytes[(Magic.Length + 1)..^DigestBytes]);
        reader.Bytes(64 + 32 + 32 + 4);
        if (reader.Int64() != state.Parameters.Count || reader.Int64() != state.Parameters.TrainedCount || reader.Boolean() != state.Best.Length > 0)
            throw Structure("the adapter has another shape");
        state.Step = reader.Int32();
        state.Cursor = reader.Int32();
        state.StepLoss = reader.Double();
        state.Stopped = reader.Boolean();
        state.Stale = reader.Int32();
        state.BestLoss = reader.Double();
        state.BestStep = reader.Int32();
        if (state.Step < 0 || state.Step > totalSteps || state.Cursor < 0 || state.Stale < 0 || state.BestStep < -1 || state.BestStep > state.Step)
            throw Structure("the position is impossible");
        var losses = reader.Int32();
        if (losses != state.Step) throw Structure($"{losses} losses for {state.Step} steps");
        for (var i = 0; i < losses; i++) state.Losses.Add(reader.Double());
        var evaluations = reader.Int32();
        if (evaluations < 0 || evaluations > state.Step + 1) throw Structure($"{evaluations} evaluations for {state.Step} steps");
        for (var i = 0; i < evaluations; i++) state.Evaluations.Add(new EvaluationPoint(reader.Int32(), reader.Double()));
        reader.Floats(state.Parameters.AllValues);
        reader.Floats(state.FirstMoments);
        reader.Floats(state.SecondMoments);
        if (state.Cursor > 0) reader.Floats(state.Parameters.TrainedGradients);
        reader.Floats(state.Best);
        if (!reader.AtEnd) throw Structure("bytes are left over");
    }

    private static void Append(BinaryWriter writer, ReadOnlySpan<float> values) => writer.Write(MemoryMarshal.AsBytes(values));

    private static TrainingCheckpointException Structure(string problem) => new(TrainingCheckpointProblem.Structure, problem);

    private ref struct Reader(ReadOnlySpan<byte> bytes)
    {
        private ReadOnlySpan<byte> _left = bytes;

        public readonly bool AtEnd => _left.IsEmpty;

        public ReadOnlySpan<byte> Bytes(long count)
        {
            if (count > _left.Length) throw Structure($"{count} bytes are missing at the end");
            var taken = _left[..(int)count];
            _left = _left[(int)count..];
            return taken;
        }

        public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Bytes(4));

        public long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Bytes(8));

        public double Double() => BinaryPrimitives.ReadDoubleLittleEndian(Bytes(8));

        public bool Boolean() => Bytes(1)[0] != 0;

        public void Floats(Span<float> values) => Bytes(4L * values.Length).CopyTo(MemoryMarshal.AsBytes(values));
    }
}
