using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Training;

namespace PersonaTune.Device.Keyboard;

/// <summary>
/// How the keyboard personalizes and how that is evaluated. The defaults were chosen on a few people of the
/// shared SMS data; docs/keyboard.md has what was tried and how.
/// </summary>
public sealed record KeyboardPersonalizationOptions
{
    /// <summary>
    /// Adapter and optimizer. Default: rank 16 on all linear layers of the blocks, AdamW at 4e-3 with batches of 16 messages, at most 6
    /// epochs, ended by the first that validation does not like better, the best epoch kept.
    /// </summary>
    public TrainingOptions Training { get; init; } = new()
    {
        Lora = new LoraConfig
        {
            Rank = 16,
            Alpha = 32,
            Targets =
            [
                LoraTarget.Query, LoraTarget.Key, LoraTarget.Value, LoraTarget.Output, LoraTarget.Gate, LoraTarget.Up, LoraTarget.Down,
            ],
        },
        Epochs = 6,
        BatchSequences = 16,
        LearningRate = 4e-3f,
        Patience = 1,
        KeepBest = true,
    };

    /// <summary>
    /// Most messages that one training sees, all epochs together, though never fewer than two epochs: a long history needs fewer of them
    /// than <see cref="Training"/> allows. Default 5000.
    /// </summary>
    public int MaxTrainingMessages { get; init; } = 5000;

    /// <summary>Share of a person's messages, the oldest ones, to learn and tune on; above 0 and below 1. Default 0.8.</summary>
    public double TrainFraction { get; init; } = 0.8;

    /// <summary>Share of those, the newest ones, on which epochs and weights are chosen; above 0 and below 1. Default 0.125.</summary>
    public double ValidationFraction { get; init; } = 0.125;

    /// <summary>Whether the adapter is trained once more on training and validation messages for the chosen epochs. Default true.</summary>
    public bool RetrainOnAll { get; init; } = true;

    /// <summary>
    /// Factors on the adapter to choose from; 1 is as trained. Default 1 alone: short validation parts like smaller factors, the test
    /// messages do not.
    /// </summary>
    public IReadOnlyList<float> AdapterScales { get; init; } = [1f];

    /// <summary>Orders of the n-gram cache to choose from. Default 2 to 4.</summary>
    public IReadOnlyList<int> CacheOrders { get; init; } = [2, 3, 4];

    /// <summary>Orders of the Kneser-Ney baseline to choose from. Default 2 to 4.</summary>
    public IReadOnlyList<int> KneserNeyOrders { get; init; } = [2, 3, 4];

    /// <summary>Suggestions. Default three words.</summary>
    public SuggestionOptions Suggestions { get; init; } = new();

    /// <summary>Most words of a person whose prediction is tried, evenly spaced over the test messages; 0 tries none. Default 300.</summary>
    public int MaxNextWordTargets { get; init; } = 300;

    /// <summary>Most messages of a person that are typed in simulation, evenly spaced over the test messages; 0 types none. Default 25.</summary>
    public int MaxTypedMessages { get; init; } = 25;

    /// <summary>Threads; 0 takes all processors. Default 0.</summary>
    public int Threads { get; init; }

    /// <summary>Checks every value against its range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of range.</exception>
    internal void Validate()
    {
        Demand(TrainFraction is > 0 and < 1, nameof(TrainFraction), TrainFraction, "above 0 and below 1");
        Demand(ValidationFraction is > 0 and < 1, nameof(ValidationFraction), ValidationFraction, "above 0 and below 1");
        Demand(AdapterScales.Count > 0, nameof(AdapterScales), AdapterScales.Count, "not empty");
        Demand(CacheOrders.Count > 0, nameof(CacheOrders), CacheOrders.Count, "not empty");
        Demand(KneserNeyOrders.Count > 0, nameof(KneserNeyOrders), KneserNeyOrders.Count, "not empty");
        Demand(MaxTrainingMessages >= 1, nameof(MaxTrainingMessages), MaxTrainingMessages, "at least 1");
        Demand(MaxNextWordTargets >= 0, nameof(MaxNextWordTargets), MaxNextWordTargets, "at least 0");
        Demand(MaxTypedMessages >= 0, nameof(MaxTypedMessages), MaxTypedMessages, "at least 0");
        Demand(Threads >= 0, nameof(Threads), Threads, "at least 0");
        Suggestions.Validate();
    }

    private static void Demand(bool met, string name, object value, string range)
    {
        if (!met) throw new ArgumentOutOfRangeException(name, value, $"KeyboardPersonalizationOptions.{name} is {range}");
    }
}
