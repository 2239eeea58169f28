namespace PersonaTune.Engine.Training;

/// <summary>Why a checkpoint was refused.</summary>
public enum TrainingCheckpointProblem
{
    /// <summary>The bytes do not begin as a checkpoint does.</summary>
    NotACheckpoint,

    /// <summary>Written by another format version.</summary>
    Version,

    /// <summary>The bytes end early, go on too long or contain impossible counts.</summary>
    Structure,

    /// <summary>The SHA-256 at the end does not match: damaged or altered bytes.</summary>
    Digest,

    /// <summary>The training ran on another base model.</summary>
    BaseModel,

    /// <summary>The training ran with other options.</summary>
    Options,

    /// <summary>The training ran on other examples.</summary>
    Examples,
}
