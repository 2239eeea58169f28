namespace PersonaTune.Testing;

internal static class SharedSkip
{
    public static string? Reason(string path)
    {
        var full = SharedData.Shared(path.Split('/'));
        if (File.Exists(full) || Directory.Exists(full)) return null;
        if (string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase)) return null;
        return $"'{full}' is absent: put the shared data beside the checkout or set PERSONATUNE_SHARED";
    }
}
