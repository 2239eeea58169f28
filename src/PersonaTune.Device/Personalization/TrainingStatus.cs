namespace PersonaTune.Device.Personalization;

/// <summary>How a run ended.</summary>
public enum TrainingStatus
{
    /// <summary>The candidate passed the gate and is active.</summary>
    Promoted,

    /// <summary>The candidate did not pass the gate; what was active stays.</summary>
    Rejected,

    /// <summary>The conditions did not allow it to go on; the checkpoint is saved and the next call resumes.</summary>
    Suspended,
}
