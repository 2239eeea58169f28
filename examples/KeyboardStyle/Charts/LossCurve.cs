namespace KeyboardStyle.Charts;

/// <summary>Held-out loss of one writer during training: nats a token after so many passes over the training messages.</summary>
internal sealed record LossCurve(string Writer, IReadOnlyList<LossPoint> Points)
{
    /// <summary>The lowest point: the adapter that is kept.</summary>
    public LossPoint Best => Points.MinBy(point => point.Loss);
}
