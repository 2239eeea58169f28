using System.Globalization;

namespace PersonaTune.Privacy.Tests.Accounting;

/// <summary>Cells of the reference tables, and the ways in which they are compared.</summary>
internal static class ReferenceCells
{
    /// <summary>
    /// Error of a divergence log(A) / (order - 1) in tables that sum A itself in double precision, with log-gamma values that grow with the
    /// order: where A is within 1e-12 of 1, the digits below this are rounding. Ours sums A - 1.
    /// </summary>
    public static double Rounding(double order) => (3e-14 + (6e-16 * order)) / (order - 1);

    public static double Number(string cell) => cell switch
    {
        "inf" => double.PositiveInfinity,
        _ => double.Parse(cell, CultureInfo.InvariantCulture),
    };

    public static int Whole(string cell) => int.Parse(cell, CultureInfo.InvariantCulture);

    public static bool IsWhole(double order) => double.IsInteger(order);

    /// <summary>Collects what differs and reports all of it at once, with the row.</summary>
    public static void All(string file, Func<string[], string?> complaint)
    {
        var rows = ReferenceRows.Read(file);
        Assert.NotEmpty(rows);
        var complaints = rows.Select(row => (Row: row, Text: complaint(row))).Where(item => item.Text is not null)
            .Select(item => $"{file}: {string.Join(',', item.Row)}: {item.Text}").ToList();
        var first = string.Join('\n', complaints.Take(8));
        Assert.True(complaints.Count == 0, $"{complaints.Count} of {rows.Count} rows differ, first:\n{first}");
    }

    /// <summary>Null if equal to a relative tolerance (and an absolute one), otherwise what differs.</summary>
    public static string? Differs(double expected, double actual, double relative, double absolute = 0) =>
        expected == actual || Math.Abs(expected - actual) <= (relative * Math.Abs(expected)) + absolute
            ? null
            : $"expected {expected:R}, ours {actual:R}, relative {Math.Abs((actual / expected) - 1):E2}";

    /// <summary>Null if not above a bound, otherwise what differs.</summary>
    public static string? Above(double bound, double actual, double relative, double absolute = 0) =>
        actual <= (bound * (1 + relative)) + absolute ? null : $"bound {bound:R}, ours {actual:R}, above by {(actual / bound) - 1:E2}";
}
