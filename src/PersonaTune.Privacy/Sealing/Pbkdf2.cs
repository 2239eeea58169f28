using System.Security.Cryptography;

namespace PersonaTune.Privacy.Sealing;

/// <summary>
/// PBKDF2-HMAC-SHA512 (RFC 8018), where the memory of Argon2id is not to be had. Its cost is calibrated to the device and
/// has a floor. Thread-safe.
/// </summary>
public static class Pbkdf2
{
    /// <summary>The least accepted number of iterations.</summary>
    public const int MinIterations = 210_000;

    /// <summary>The largest accepted number of iterations: about a minute on a slow device.</summary>
    public const int MaxIterations = 50_000_000;

    /// <summary>The time that <see cref="Calibrate"/> aims at by default.</summary>
    public static TimeSpan DefaultTarget { get; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Fills <paramref name="output"/> with the key of <paramref name="password"/>.</summary>
    /// <exception cref="KeyCostException"><paramref name="iterations"/> lies outside the accepted range.</exception>
    public static void DeriveKey(ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt, int iterations, Span<byte> output)
    {
        Validate("PBKDF2", iterations);
        Rfc2898DeriveBytes.Pbkdf2(password, salt, output, iterations, HashAlgorithmName.SHA512);
    }

    /// <summary>
    /// The number of iterations that takes at least <paramref name="target"/> on this device, never less than
    /// <see cref="MinIterations"/>: measured on the floor's cost, rounded up to 10,000.
    /// </summary>
    public static int Calibrate(TimeProvider time, TimeSpan target)
    {
        ArgumentNullException.ThrowIfNull(time);
        Span<byte> output = stackalloc byte[32];
        Span<byte> salt = stackalloc byte[16];
        salt.Clear();
        var best = TimeSpan.MaxValue; // the fastest of two, so that a busy moment does not lower the cost
        for (var run = 0; run < 2; run++)
        {
            var start = time.GetTimestamp();
            Rfc2898DeriveBytes.Pbkdf2("calibration"u8, salt, output, MinIterations, HashAlgorithmName.SHA512);
            var elapsed = time.GetElapsedTime(start);
            if (elapsed < best) best = elapsed;
        }
        if (best <= TimeSpan.Zero || best >= target) return MinIterations;
        var needed = MinIterations * (target / best) * 1.02;
        return (int)Math.Min(MaxIterations, Math.Ceiling(needed / 10_000) * 10_000);
    }

    /// <summary>Throws <see cref="KeyCostException"/> if <paramref name="iterations"/> lies outside the accepted range.</summary>
    public static void Validate(string subject, int iterations)
    {
        if (iterations is < MinIterations or > MaxIterations)
            throw new KeyCostException(subject, "PBKDF2 iterations", iterations, MinIterations, MaxIterations);
    }
}
