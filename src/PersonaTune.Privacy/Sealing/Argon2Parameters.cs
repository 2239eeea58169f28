namespace PersonaTune.Privacy.Sealing;

/// <summary>The cost of Argon2id (RFC 9106, version 0x13).</summary>
/// <param name="MemoryKiB">Memory in KiB: at least 8 for each lane, at most <see cref="MaxMemoryKiB"/>.</param>
/// <param name="Iterations">Passes over the memory: 1 to <see cref="MaxIterations"/>.</param>
/// <param name="Parallelism">Lanes: 1 to <see cref="MaxParallelism"/>. The lanes are computed one after another.</param>
public readonly record struct Argon2Parameters(int MemoryKiB, int Iterations, int Parallelism)
{
    /// <summary>The largest accepted memory: 1 GiB.</summary>
    public const int MaxMemoryKiB = 1 << 20;

    /// <summary>The largest accepted number of passes.</summary>
    public const int MaxIterations = 64;

    /// <summary>The largest accepted number of lanes.</summary>
    public const int MaxParallelism = 16;

    /// <summary>64 MiB, three passes, one lane: the default for passphrases.</summary>
    public static Argon2Parameters Default { get; } = new(64 * 1024, 3, 1);

    /// <summary>Throws <see cref="KeyCostException"/> if a parameter lies outside its range.</summary>
    public void Validate(string subject)
    {
        if (Parallelism is < 1 or > MaxParallelism)
            throw new KeyCostException(subject, "Argon2id parallelism", Parallelism, 1, MaxParallelism);
        if (Iterations is < 1 or > MaxIterations)
            throw new KeyCostException(subject, "Argon2id iterations", Iterations, 1, MaxIterations);
        if (MemoryKiB < 8 * Parallelism || MemoryKiB > MaxMemoryKiB)
            throw new KeyCostException(subject, "Argon2id memory in KiB", MemoryKiB, 8 * Parallelism, MaxMemoryKiB);
    }
}
