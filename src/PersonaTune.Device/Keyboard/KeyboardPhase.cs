namespace PersonaTune.Device.Keyboard;

/// <summary>Steps of the protocol for one person.</summary>
public enum KeyboardPhase
{
    /// <summary>The base and the n-gram baselines are scored and tuned.</summary>
    Baselines,

    /// <summary>The adapter is trained with validation.</summary>
    Training,

    /// <summary>The adapter is trained once more, on validation messages too.</summary>
    Retraining,

    /// <summary>Next words and keystrokes are simulated.</summary>
    Suggestions,

    /// <summary>The person is finished.</summary>
    Done,
}
