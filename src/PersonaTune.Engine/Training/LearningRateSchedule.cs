namespace PersonaTune.Engine.Training;

/// <summary>How the learning rate moves after the warm-up.</summary>
public enum LearningRateSchedule
{
    /// <summary>Stays at its peak.</summary>
    Constant,

    /// <summary>Falls along half a cosine to the floor at the last step (Loshchilov and Hutter 2017).</summary>
    Cosine,
}
