using System.Globalization;
using System.Text;

namespace KeyboardStyle.Charts;

/// <summary>The same curve in text: one braille cell holds two by four points.</summary>
internal static class TerminalChart
{
    private const int Columns = 56, Rows = 8;

    // Dot (row, column) of a braille cell, Unicode block U+2800.
    private static readonly int[,] Dots = { { 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 }, { 0x40, 0x80 } };

    public static string Draw(LossCurve curve)
    {
        var x = new AxisScale(0, Math.Max(1, curve.Points[^1].Epoch), 4);
        var y = new AxisScale(curve.Points.Min(p => p.Loss), curve.Points.Max(p => p.Loss), 4);
        var cells = new int[Rows, Columns];
        var end = x.Position(curve.Points[^1].Epoch);
        for (var column = 0; column <= end * (2 * Columns - 1); column++)
        {
            var loss = At(curve, x.Low + (x.High - x.Low) * column / (2 * Columns - 1));
            var row = (int)Math.Round((1 - y.Position(loss)) * (4 * Rows - 1));
            cells[row / 4, column / 2] |= Dots[row % 4, column % 2];
        }

        var text = new StringBuilder();
        for (var row = 0; row < Rows; row++)
        {
            var label = row == 0 ? y.High : row == Rows - 1 ? y.Low : double.NaN;
            text.Append(double.IsNaN(label) ? "       " : label.ToString("0.00", CultureInfo.InvariantCulture).PadLeft(7)).Append(" │");
            for (var column = 0; column < Columns; column++) text.Append((char)(0x2800 + cells[row, column]));
            text.Append('\n');
        }

        return text.Append("        └").Append('─', Columns).Append('\n')
            .Append(CultureInfo.InvariantCulture, $"         0 {$"passes over the messages: {x.High:0.##}".PadLeft(Columns - 2)}").ToString();
    }

    private static double At(LossCurve curve, double epoch)
    {
        for (var i = 1; i < curve.Points.Count; i++)
        {
            var (from, to) = (curve.Points[i - 1], curve.Points[i]);
            if (epoch <= to.Epoch) return from.Loss + (to.Loss - from.Loss) * (epoch - from.Epoch) / Math.Max(1e-9, to.Epoch - from.Epoch);
        }

        return curve.Points[^1].Loss;
    }
}
