namespace PersonaTune.Device.Personalization;

/// <summary>What a personalizer is doing.</summary>
public enum PersonalizationPhase
{
    /// <summary>Reading and encoding examples.</summary>
    Preparing,

    /// <summary>Taking optimizer steps.</summary>
    Training,

    /// <summary>Waiting for the device's conditions; the checkpoint is saved.</summary>
    Paused,

    /// <summary>Scoring held-out messages.</summary>
    Evaluating,

    /// <summary>Storing and swapping.</summary>
    Promoting,
}
