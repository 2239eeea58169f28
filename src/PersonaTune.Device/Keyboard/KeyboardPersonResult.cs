namespace PersonaTune.Device.Keyboard;

/// <summary>What the protocol found for one person.</summary>
public sealed record KeyboardPersonResult
{
    /// <summary>Whose messages they are.</summary>
    public required string User { get; init; }

    /// <summary>Messages learned from before tuning; with <see cref="ValidationMessages"/> the first 80 %.</summary>
    public required int TrainMessages { get; init; }

    /// <summary>Messages after them on which epochs and weights were chosen.</summary>
    public required int ValidationMessages { get; init; }

    /// <summary>The last messages, on which every figure is measured.</summary>
    public required int TestMessages { get; init; }

    /// <summary>Figures of each method.</summary>
    public required IReadOnlyDictionary<KeyboardMethod, KeyboardMetrics> Metrics { get; init; }

    /// <summary>Order of the Kneser-Ney baseline that did best on validation.</summary>
    public required int KneserNeyOrder { get; init; }

    /// <summary>Order of the cache mixed with the base that did best on validation.</summary>
    public required int BaseCacheOrder { get; init; }

    /// <summary>Order of the cache mixed with the adapted model that did best on validation.</summary>
    public required int AdapterCacheOrder { get; init; }

    /// <summary>Epochs after which validation was best; 0 where no training step helped and the base was kept.</summary>
    public required double Epochs { get; init; }

    /// <summary>Factor on the adapter that did best on validation.</summary>
    public required float AdapterScale { get; init; }

    /// <summary>Wall time of training and tuning, evaluation on the test messages not included, in seconds.</summary>
    public required double TrainingSeconds { get; init; }

    /// <summary>
    /// Processor time of the process meanwhile, all threads together, in seconds: what hardly depends on what else the machine does.
    /// </summary>
    public required double TrainingCpuSeconds { get; init; }

    /// <summary>Wall time of everything, in seconds.</summary>
    public required double TotalSeconds { get; init; }

    /// <summary>Processor time of everything, in seconds.</summary>
    public required double TotalCpuSeconds { get; init; }

    /// <summary>Peak resident memory of the process during training and tuning, in bytes.</summary>
    public required long PeakMemoryBytes { get; init; }
}
