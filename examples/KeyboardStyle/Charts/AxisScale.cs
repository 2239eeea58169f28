namespace KeyboardStyle.Charts;

/// <summary>A linear axis with round tick values that cover the data.</summary>
internal sealed class AxisScale
{
    public AxisScale(double low, double high, int ticks)
    {
        if (high - low < 1e-9) (low, high) = (low - 0.5, high + 0.5);
        var raw = (high - low) / ticks;
        var power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
        Step = (raw / power) switch { <= 1 => power, <= 2 => 2 * power, <= 5 => 5 * power, _ => 10 * power };
        Low = Math.Floor(low / Step) * Step;
        High = Math.Ceiling(high / Step) * Step;
    }

    public double Low { get; }

    public double High { get; }

    public double Step { get; }

    /// <summary>Tick values from low to high.</summary>
    public IEnumerable<double> Ticks()
    {
        for (var i = 0; Low + i * Step <= High + Step / 1000; i++) yield return Low + i * Step;
    }

    /// <summary>0 at the low end, 1 at the high end.</summary>
    public double Position(double value) => (value - Low) / (High - Low);
}
