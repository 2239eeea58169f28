using System.Reflection;
using System.Security.Cryptography;

namespace PersonaTune.Aggregator.Dashboard;

/// <summary>The dashboard's files, embedded in the assembly so that the service is one thing to deploy.</summary>
internal static class DashboardAssets
{
    /// <summary>The page.</summary>
    public const string IndexPath = "index.html";

    private const string Prefix = "dashboard/";

    /// <summary>Every file that a browser may fetch.</summary>
    public static IReadOnlyList<DashboardAsset> All { get; } = Load();

    private static DashboardAsset[] Load()
    {
        var assembly = Assembly.GetExecutingAssembly();
        return
        [
            .. assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
                .Order(StringComparer.Ordinal).Select(name => Read(assembly, name)),
        ];
    }

    private static DashboardAsset Read(Assembly assembly, string name)
    {
        using var stream = assembly.GetManifestResourceStream(name)!;
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        var path = name[Prefix.Length..].Replace('\\', '/');
        return new(path, ContentTypeOf(path), content, new($"\"{Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 16))}\""));
    }

    private static string ContentTypeOf(string path) => Path.GetExtension(path) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".svg" => "image/svg+xml",
        ".txt" or ".md" => "text/plain; charset=utf-8",
        var other => throw new InvalidOperationException($"dashboard file '{path}' has the extension '{other}', whose media type is unknown; add it here"),
    };
}
