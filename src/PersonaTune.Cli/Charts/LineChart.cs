using System.Globalization;
using System.Security;
using System.Text;

namespace PersonaTune.Cli.Charts;

/// <summary>Draws lines as an SVG picture that follows the reader's light or dark colour scheme.</summary>
internal sealed class LineChart
{
    private const int Width = 760, Height = 420, Left = 72, Right = 132, Top = 52, Bottom = 56, Colours = 4;

    private const string Style = """
        <style>
          .ground { fill: #ffffff } text { fill: #24292f; font: 13px system-ui, sans-serif } .title { font-size: 15px; font-weight: 600 }
          .grid { stroke: #d0d7de; stroke-width: 1 } .line { fill: none; stroke-width: 2.5; stroke-linejoin: round }
          .limit { stroke: #cf222e; stroke-width: 1.5; stroke-dasharray: 6 4 } .limit-text { fill: #cf222e }
          .s0 { stroke: #0969da } .s1 { stroke: #bc4c00 } .s2 { stroke: #1a7f37 } .s3 { stroke: #8250df }
          .d0 { fill: #0969da } .d1 { fill: #bc4c00 } .d2 { fill: #1a7f37 } .d3 { fill: #8250df }
          @media (prefers-color-scheme: dark) {
            .ground { fill: #0d1117 } text { fill: #e6edf3 } .grid { stroke: #30363d } .limit { stroke: #ff7b72 } .limit-text { fill: #ff7b72 }
            .s0 { stroke: #58a6ff } .s1 { stroke: #ffa657 } .s2 { stroke: #56d364 } .s3 { stroke: #d2a8ff }
            .d0 { fill: #58a6ff } .d1 { fill: #ffa657 } .d2 { fill: #56d364 } .d3 { fill: #d2a8ff }
          }
        </style>
        """;

    public required string Title { get; init; }

    public required string XLabel { get; init; }

    public required string YLabel { get; init; }

    /// <summary>A dashed horizontal line with its name, or null.</summary>
    public (string Name, double Value)? Limit { get; init; }

    public bool LogarithmicX { get; init; }

    /// <summary>The picture. Points with a coordinate that is not finite are left out.</summary>
    public string Draw(IReadOnlyList<Series> series)
    {
        var drawn = series.Select(s => s with { Points = [.. s.Points.Where(p => double.IsFinite(p.X) && double.IsFinite(p.Y))] }).Where(s => s.Points.Count > 0).ToList();
        if (drawn.Count == 0) throw new ArgumentException("the chart has no finite point", nameof(series));
        var points = drawn.SelectMany(s => s.Points).ToList();
        var x = LogarithmicX ? Axis.Decades(points.Min(p => p.X), points.Max(p => p.X)) : Axis.Linear(points.Min(p => p.X), points.Max(p => p.X), 8);
        var y = Axis.Linear(0, Math.Max(points.Max(p => p.Y), Limit?.Value ?? 0), 6);
        var svg = new StringBuilder();
        svg.AppendLine(CultureInfo.InvariantCulture, $"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {Height}" width="{Width}" height="{Height}" role="img" aria-label="{Escape(Title)}">
            {Style}
            <rect class="ground" width="{Width}" height="{Height}" rx="8"/>
            <text class="title" x="{Left}" y="28">{Escape(Title)}</text>
            <text x="{(Left + Width - Right) / 2}" y="{Height - 14}" text-anchor="middle">{Escape(XLabel)}</text>
            <text transform="translate(20 {(Top + Height - Bottom) / 2}) rotate(-90)" text-anchor="middle">{Escape(YLabel)}</text>
            """);
        foreach (var (value, label) in y.Ticks())
        {
            svg.AppendLine(CultureInfo.InvariantCulture, $"""<line class="grid" x1="{Left}" x2="{Width - Right}" y1="{Y(y, value):F1}" y2="{Y(y, value):F1}"/>""");
            svg.AppendLine(CultureInfo.InvariantCulture, $"""<text x="{Left - 8}" y="{Y(y, value) + 4:F1}" text-anchor="end">{label}</text>""");
        }

        foreach (var (value, label) in x.Ticks())
            svg.AppendLine(CultureInfo.InvariantCulture, $"""<text x="{X(x, value):F1}" y="{Height - Bottom + 20}" text-anchor="middle">{label}</text>""");
        if (Limit is { } limit)
        {
            svg.AppendLine(CultureInfo.InvariantCulture, $"""<line class="limit" x1="{Left}" x2="{Width - Right}" y1="{Y(y, limit.Value):F1}" y2="{Y(y, limit.Value):F1}"/>""");
            svg.AppendLine(CultureInfo.InvariantCulture, $"""<text class="limit-text" x="{Left + 8}" y="{Y(y, limit.Value) - 6:F1}">{Escape(limit.Name)}</text>""");
        }

        var labels = new List<double>();
        for (var i = 0; i < drawn.Count; i++) Line(svg, drawn[i], i % Colours, x, y, labels);
        return svg.Append("</svg>\n").ToString();
    }

    private static void Line(StringBuilder svg, Series series, int colour, Axis x, Axis y, List<double> labels)
    {
        var path = string.Join(' ', series.Points.Select(p => string.Create(CultureInfo.InvariantCulture, $"{X(x, p.X):F1},{Y(y, p.Y):F1}")));
        svg.AppendLine(CultureInfo.InvariantCulture, $"""<polyline class="line s{colour}" points="{path}"/>""");
        // Names stand at the line's end, moved down where another one stands already.
        var at = Y(y, series.Points[^1].Y) + 4;
        while (labels.Any(other => Math.Abs(other - at) < 15)) at += 15;
        labels.Add(at);
        svg.AppendLine(CultureInfo.InvariantCulture, $"""<text class="d{colour}" x="{X(x, series.Points[^1].X) + 8:F1}" y="{at:F1}">{Escape(series.Name)}</text>""");
    }

    private static string Escape(string text) => SecurityElement.Escape(text) ?? string.Empty;

    private static double X(Axis axis, double value) => Left + (axis.Position(value) * (Width - Left - Right));

    private static double Y(Axis axis, double value) => Height - Bottom - (axis.Position(value) * (Height - Top - Bottom));
}
