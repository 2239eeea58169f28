using System.Runtime.InteropServices;
using System.Security.Cryptography;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.Mechanisms;

/// <summary>
/// Gaussian noise that is correlated between the steps of a run, as a stream whose state survives a crash. The noise of a step is a
/// function of a random 32-byte key and the step, so a run that resumes from a checkpoint continues with exactly the noise it would have
/// used. Not thread-safe.
/// </summary>
/// <remarks>
/// <para>Each step is bound to a digest of what it will cover. The order that never uses noise twice: <see cref="Next"/>, persist
/// <see cref="ToBytes"/>, release. After a crash, restore and call <see cref="Repeat"/> with the digest of the same sum to make the same
/// release again; another digest is refused. A state older than the last release must never be restored: persist before releasing.</para>
/// <para>Gaussian draws are <see cref="GaussianNoise"/>, with what floating point does not guarantee stated there. The state contains the
/// key: whoever reads it subtracts the noise, so seal it (<see cref="RecordSealer"/>).</para>
/// </remarks>
public abstract class CorrelatedNoise : IDisposable
{
    private const int DigestBytes = 32;
    private const uint Magic = 0x4E435450; // "PTCN"
    private const byte Version = 1;

    private readonly byte[] _key = GC.AllocateArray<byte>(AesCounterStream.KeyBytes, pinned: true);
    private readonly byte[] _digest = new byte[DigestBytes];
    private readonly float[] _last;
    private readonly GaussianNoise _gaussian;
    private bool _disposed;

    private protected CorrelatedNoise(string purpose, int dimension, double standardDeviation, INoiseSource source)
    {
        ArgumentException.ThrowIfNullOrEmpty(purpose);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(dimension);
        ArgumentNullException.ThrowIfNull(source);
        _gaussian = new GaussianNoise(standardDeviation);
        Purpose = purpose;
        _last = new float[dimension];
        source.Fill(_key);
    }

    private protected CorrelatedNoise(ref SealReader reader, byte kind, string purpose)
    {
        var subject = $"noise of '{purpose}'";
        if (reader.ReadUInt32() != Magic || reader.ReadByte() != Version || reader.ReadByte() != kind)
            throw new TamperedException(subject, "the state is not one of this kind and version; restore the right file");
        var found = reader.ReadText();
        Step = reader.ReadInt64();
        if (!string.Equals(found, purpose, StringComparison.Ordinal))
            throw new NoiseReuseException(purpose, Step, $"the state belongs to '{found}'");
        Purpose = purpose;
        var deviation = reader.ReadDouble();
        if (!(deviation >= 0 && double.IsFinite(deviation)) || Step < 0)
            throw new TamperedException(subject,
                $"deviation is {deviation} and step {Step}, expected finite and not negative; it was altered");
        _gaussian = new GaussianNoise(deviation);
        reader.ReadFixed(_key.Length).CopyTo(_key);
        reader.ReadFixed(DigestBytes).CopyTo(_digest);
        _last = ReadVector(ref reader, reader.ReadCount(sizeof(float)));
    }

    /// <summary>What the noise belongs to: a task and a run, as the caller names them.</summary>
    public string Purpose { get; }

    /// <summary>Number of coordinates.</summary>
    public int Dimension => _last.Length;

    /// <summary>Standard deviation of each independent Gaussian that the stream is made of.</summary>
    public double StandardDeviation => _gaussian.StandardDeviation;

    /// <summary>Number of steps drawn so far.</summary>
    public long Step { get; private set; }

    /// <summary>Draws the noise of the next step, for the release that <paramref name="inputDigest"/> names.</summary>
    /// <param name="inputDigest">32 bytes: SHA-256 of the sum that the noise will cover.</param>
    /// <param name="noise">Receives <see cref="Dimension"/> values.</param>
    /// <exception cref="ArgumentException">A span has the wrong length.</exception>
    public void Next(ReadOnlySpan<byte> inputDigest, Span<float> noise)
    {
        Check(inputDigest, noise);
        Advance(_last);
        Step++;
        inputDigest.CopyTo(_digest);
        _last.CopyTo(noise);
    }

    /// <summary>The noise of the last step once more, after a crash between drawing it and knowing that its release arrived.</summary>
    /// <param name="inputDigest">The digest that <see cref="Next"/> was called with.</param>
    /// <param name="noise">Receives <see cref="Dimension"/> values.</param>
    /// <exception cref="NoiseReuseException">No step was drawn, or it covers another release.</exception>
    public void Repeat(ReadOnlySpan<byte> inputDigest, Span<float> noise)
    {
        Check(inputDigest, noise);
        if (Step == 0) throw new NoiseReuseException(Purpose, Step, "nothing was drawn yet");
        if (!inputDigest.SequenceEqual(_digest)) throw new NoiseReuseException(Purpose, Step, "it covers a release with another digest");
        _last.CopyTo(noise);
    }

    /// <summary>The whole state. Secret: it contains the key of all noise, past and future.</summary>
    public byte[] ToBytes()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        using var writer = new SealWriter();
        writer.WriteUInt32(Magic);
        writer.WriteByte(Version);
        writer.WriteByte(Kind);
        writer.WriteText(Purpose);
        writer.WriteInt64(Step);
        writer.WriteDouble(StandardDeviation);
        writer.WriteFixed(_key);
        writer.WriteFixed(_digest);
        writer.WriteInt32(Dimension);
        WriteVector(writer, _last);
        WriteState(writer);
        return writer.ToArray();
    }

    /// <summary>Overwrites key and buffers.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        CryptographicOperations.ZeroMemory(_key);
        Array.Clear(_last);
        ClearState();
        GC.SuppressFinalize(this);
    }

    private protected abstract byte Kind { get; }

    /// <summary>Computes the noise of step <see cref="Step"/> (from 0).</summary>
    private protected abstract void Advance(Span<float> noise);

    private protected abstract void WriteState(SealWriter writer);

    private protected abstract void ClearState();

    /// <summary>The independent Gaussian number <paramref name="index"/> of this key.</summary>
    private protected void Draw(ulong index, Span<float> values)
    {
        values.Clear();
        using var source = new SeededNoiseSource(_key, index);
        _gaussian.AddTo(source, values);
    }

    private protected ReadOnlySpan<float> Last => _last;

    private protected static void WriteVector(SealWriter writer, ReadOnlySpan<float> values)
        => writer.WriteFixed(MemoryMarshal.AsBytes(values));

    private protected static float[] ReadVector(ref SealReader reader, int length)
    {
        var values = new float[length];
        reader.ReadFixed(checked(length * sizeof(float))).CopyTo(MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    private void Check(ReadOnlySpan<byte> inputDigest, Span<float> noise)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (inputDigest.Length != DigestBytes)
            throw new ArgumentException($"noise of '{Purpose}': the digest has {inputDigest.Length} bytes, expected {DigestBytes}",
                nameof(inputDigest));
        if (noise.Length != Dimension)
            throw new ArgumentException($"noise of '{Purpose}': {noise.Length} values, expected {Dimension}", nameof(noise));
    }
}
