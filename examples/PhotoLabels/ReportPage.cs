using System.Globalization;
using System.Net;
using System.Text;
using PersonaTune.Device.Imaging;
using PersonaTune.Device.Photos;

namespace PhotoLabels;

/// <summary>One HTML page without any outside reference: thumbnails, predictions before and after, and a confusion picture.</summary>
internal static class ReportPage
{
    private const string Style = """
        :root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
        body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
        h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
        table { border-collapse: collapse; } th, td { padding: .25rem .6rem; text-align: left; }
        .photos { width: 100%; } .photos tr { border-top: 1px solid #8884; } .photos img { display: block; width: 56px; height: 56px; border-radius: 6px; }
        .right { color: #157f3b; font-weight: 600; } .wrong { color: #c0392b; font-weight: 600; }
        .bar { display: inline-block; height: .6rem; background: #4a7dd6; border-radius: 3px; vertical-align: middle; margin-right: .4rem; }
        .matrix td { width: 3.2rem; height: 2.2rem; text-align: center; border: 1px solid #8883; } .matrix th { font-weight: 500; }
        """;

    public static async Task WriteAsync(string path, string encoder, PhotoTrainingReport report, IReadOnlyList<string> labels, IReadOnlyList<ReportRow> rows)
    {
        var page = new StringBuilder();
        page.Append(CultureInfo.InvariantCulture, $"<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>Photo labels</title><style>{Style}</style></head><body>");
        page.Append("<h1>Photo labels, before and after</h1>");
        page.Append(CultureInfo.InvariantCulture, $"<p>{Text(encoder)}. Taught {report.Photos} pictures of {report.Labels} labels in {report.Duration.TotalSeconds:F1} s: {(report.UsesAdapter ? "LoRA and head" : "head alone")}. {Text(report.Reason)}.</p>");
        page.Append("<h2>Confusion</h2><p>Rows: what a picture shows. Columns: what was suggested.</p>");
        Matrix(page, labels, rows);
        page.Append("<h2>Pictures</h2><table class=\"photos\"><thead><tr><th></th><th>shows</th><th>before</th><th>after</th></tr></thead><tbody>");
        foreach (var row in rows)
        {
            var truth = labels.Contains(row.Label) ? row.Label : null;
            var right = row.After.Best == truth;
            page.Append(CultureInfo.InvariantCulture, $"<tr><td><img alt=\"{Text(row.Label)}\" src=\"data:image/png;base64,{Convert.ToBase64String(PngWriter.Encode(row.Image))}\"></td><td>{Text(row.Label)}</td><td>{Text(row.Before)}</td><td><span class=\"{(right ? "right" : "wrong")}\">{Text(row.After.Best ?? "unknown")}</span><br>");
            foreach (var label in row.After.Labels.Take(2)) Bar(page, label.Label, label.Probability);
            Bar(page, "none of them", row.After.Unknown);
            page.Append("</td></tr>");
        }

        page.Append("</tbody></table></body></html>");
        var temporary = path + ".part";
        await File.WriteAllTextAsync(temporary, page.ToString());
        File.Move(temporary, path, overwrite: true);
    }

    private static void Bar(StringBuilder page, string name, double probability) =>
        page.Append(CultureInfo.InvariantCulture, $"<span class=\"bar\" style=\"width:{probability * 7:F2}rem\"></span>{Text(name)} {probability:P0}&ensp;");

    private static void Matrix(StringBuilder page, IReadOnlyList<string> labels, IReadOnlyList<ReportRow> rows)
    {
        string[] shown = [.. labels, "unknown"];
        page.Append("<table class=\"matrix\"><tr><th></th>");
        foreach (var label in shown) page.Append(CultureInfo.InvariantCulture, $"<th>{Text(label)}</th>");
        page.Append("</tr>");
        foreach (var truth in shown)
        {
            var own = rows.Where(row => (labels.Contains(row.Label) ? row.Label : "unknown") == truth).ToArray();
            page.Append(CultureInfo.InvariantCulture, $"<tr><th>{Text(truth)}</th>");
            foreach (var label in shown)
            {
                var count = own.Count(row => (row.After.Best ?? "unknown") == label);
                var share = own.Length == 0 ? 0 : (double)count / own.Length;
                var colour = truth == label ? "40,150,80" : "200,60,50";
                page.Append(CultureInfo.InvariantCulture, $"<td style=\"background:rgba({colour},{share * 0.75:F2})\">{(count == 0 ? string.Empty : count.ToString(CultureInfo.InvariantCulture))}</td>");
            }

            page.Append("</tr>");
        }

        page.Append("</table>");
    }

    private static string Text(string value) => WebUtility.HtmlEncode(value);
}
