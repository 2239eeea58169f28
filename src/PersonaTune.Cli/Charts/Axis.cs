using System.Globalization;

namespace PersonaTune.Cli.Charts;

/// <summary>One axis of a chart: linear with round ticks, or logarithmic with a tick each decade.</summary>
internal sealed class Axis
{
    private readonly double _low;
    private readonly double _high;
    private readonly double _step;

    private Axis(double low, double high, double step, bool logarithmic) => (_low, _high, _step, Logarithmic) = (low, high, step, logarithmic);

    public bool Logarithmic { get; }

    public static Axis Linear(double low, double high, int ticks)
    {
        if (high - low < 1e-12) (low, high) = (low - 0.5, high + 0.5);
        var raw = (high - low) / ticks;
        var power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
        var step = (raw / power) switch { <= 1 => power, <= 2 => 2 * power, <= 5 => 5 * power, _ => 10 * power };
        return new Axis(Math.Floor(low / step) * step, Math.Ceiling(high / step) * step, step, logarithmic: false);
    }

    /// <summary>Covers whole decades; the values are positive.</summary>
    public static Axis Decades(double low, double high)
    {
        var (from, to) = (Math.Floor(Math.Log10(low)), Math.Ceiling(Math.Log10(high)));
        return new Axis(from, Math.Max(to, from + 1), 1, logarithmic: true);
    }

    /// <summary>0 at the low end, 1 at the high end.</summary>
    public double Position(double value) => ((Logarithmic ? Math.Log10(value) : value) - _low) / (_high - _low);

    public IEnumerable<(double Value, string Label)> Ticks()
    {
        for (var i = 0; _low + (i * _step) <= _high + (_step / 1000); i++)
        {
            var value = Logarithmic ? Math.Pow(10, _low + i) : _low + (i * _step);
            yield return (value, value is >= 1e6 or > 0 and < 1e-4
                ? value.ToString("0.#E+0", CultureInfo.InvariantCulture)
                : value.ToString("#,0.####", CultureInfo.InvariantCulture));
        }
    }
}
