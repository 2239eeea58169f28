namespace PersonaTune.Engine.Training;

/// <summary>The learning rate of each step.</summary>
internal static class LearningRates
{
    /// <summary>Rate of a step, counted from 0, of <paramref name="total"/> steps.</summary>
    public static float At(TrainingOptions options, int step, int total)
    {
        var warmup = (int)MathF.Round(options.WarmupFraction * total);
        if (step < warmup) return options.LearningRate * (step + 1) / (warmup + 1);
        if (options.Schedule == LearningRateSchedule.Constant) return options.LearningRate;
        var progress = Math.Min(1.0, (step - warmup) / (double)Math.Max(1, total - 1 - warmup));
        var height = options.LearningRateFloor + (1 - options.LearningRateFloor) * 0.5 * (1 + Math.Cos(Math.PI * progress));
        return (float)(options.LearningRate * height);
    }
}
