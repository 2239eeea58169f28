namespace PersonaTune.Privacy.Tests;

/// <summary>Rows of a committed CSV file without its header. Fields are hexadecimal or numbers, so no quoting occurs.</summary>
internal static class ReferenceRows
{
    public static List<string[]> Read(string file) =>
        [.. File.ReadLines(SharedData.Reference("privacy", file)).Skip(1).Where(line => line.Length > 0).Select(line => line.Split(','))];

    public static byte[] Bytes(string hex) => Convert.FromHexString(hex);
}
