using System.Globalization;
using System.Security;
using System.Text;

namespace KeyboardStyle.Charts;

/// <summary>Draws loss curves as an SVG picture that follows the reader's light or dark colour scheme.</summary>
internal static class LossSvg
{
    private const int Width = 720, Height = 400, Left = 64, Right = 150, Top = 48, Bottom = 52;

    private const string Style = """
        <style>
          .ground { fill: #ffffff } text { fill: #24292f; font: 13px system-ui, sans-serif } .title { font-size: 15px; font-weight: 600 }
          .grid { stroke: #d0d7de; stroke-width: 1 } .line { fill: none; stroke-width: 2.5; stroke-linejoin: round }
          .s0 { stroke: #0969da } .s1 { stroke: #bc4c00 } .s2 { stroke: #1a7f37 } .s3 { stroke: #8250df }
          .d0 { fill: #0969da } .d1 { fill: #bc4c00 } .d2 { fill: #1a7f37 } .d3 { fill: #8250df }
          @media (prefers-color-scheme: dark) {
            .ground { fill: #0d1117 } text { fill: #e6edf3 } .grid { stroke: #30363d }
            .s0 { stroke: #58a6ff } .s1 { stroke: #ffa657 } .s2 { stroke: #56d364 } .s3 { stroke: #d2a8ff }
            .d0 { fill: #58a6ff } .d1 { fill: #ffa657 } .d2 { fill: #56d364 } .d3 { fill: #d2a8ff }
          }
        </style>
        """;

    public static string Draw(IReadOnlyList<LossCurve> curves)
    {
        var points = curves.SelectMany(curve => curve.Points).ToList();
        var x = new AxisScale(0, Math.Max(1, points.Max(point => point.Epoch)), 8);
        var y = new AxisScale(points.Min(point => point.Loss), points.Max(point => point.Loss), 5);
        var svg = new StringBuilder();
        svg.AppendLine(CultureInfo.InvariantCulture, $"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {Height}" width="{Width}" height="{Height}" role="img" aria-label="Held-out loss during training">
            {Style}
            <rect class="ground" width="{Width}" height="{Height}" rx="8"/>
            <text class="title" x="{Left}" y="28">Held-out loss during training (nats a token; ring: the adapter that is kept)</text>
            """);
        foreach (var tick in y.Ticks())
        {
            svg.AppendLine(CultureInfo.InvariantCulture, $"""<line class="grid" x1="{Left}" x2="{Width - Right}" y1="{Y(y, tick):F1}" y2="{Y(y, tick):F1}"/>""");
            svg.AppendLine(CultureInfo.InvariantCulture, $"""<text x="{Left - 8}" y="{Y(y, tick) + 4:F1}" text-anchor="end">{tick:0.##}</text>""");
        }

        foreach (var tick in x.Ticks())
            svg.AppendLine(CultureInfo.InvariantCulture, $"""<text x="{X(x, tick):F1}" y="{Height - Bottom + 20}" text-anchor="middle">{tick:0.##}</text>""");
        svg.AppendLine(CultureInfo.InvariantCulture, $"""<text x="{(Left + Width - Right) / 2}" y="{Height - 12}" text-anchor="middle">passes over the training messages</text>""");
        for (var i = 0; i < curves.Count; i++) Curve(svg, curves[i], i % 4, x, y);
        return svg.Append("</svg>\n").ToString();
    }

    private static void Curve(StringBuilder svg, LossCurve curve, int colour, AxisScale x, AxisScale y)
    {
        var path = string.Join(' ', curve.Points.Select(p => string.Create(CultureInfo.InvariantCulture, $"{X(x, p.Epoch):F1},{Y(y, p.Loss):F1}")));
        svg.AppendLine(CultureInfo.InvariantCulture, $"""<polyline class="line s{colour}" points="{path}"/>""");
        var (best, last) = (curve.Best, curve.Points[^1]);
        svg.AppendLine(CultureInfo.InvariantCulture, $"""<circle class="line s{colour}" cx="{X(x, best.Epoch):F1}" cy="{Y(y, best.Loss):F1}" r="5"/>""");
        svg.AppendLine(CultureInfo.InvariantCulture,
            $"""<text class="d{colour}" x="{X(x, last.Epoch) + 10:F1}" y="{Y(y, last.Loss) + 4:F1}">{SecurityElement.Escape(curve.Writer)} {best.Loss:F2}</text>""");
    }

    private static double X(AxisScale axis, double value) => Left + axis.Position(value) * (Width - Left - Right);

    private static double Y(AxisScale axis, double value) => Height - Bottom - axis.Position(value) * (Height - Top - Bottom);
}
