using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using PersonaTune.Aggregator.Dashboard;

namespace PersonaTune.Aggregator.Tests.Dashboard;

/// <summary>How the page and its files are served.</summary>
public sealed partial class DashboardEndpointsTests : IAsyncLifetime, IDisposable
{
    private static readonly string Files = Path.Combine(SharedData.SolutionRoot, "src", "PersonaTune.Aggregator", "Dashboard", "wwwroot");
    private DashboardHost _host = null!;
    private HttpClient _client = null!;

    public async Task InitializeAsync()
    {
        _host = await DashboardHost.StartAsync();
        _client = new() { BaseAddress = new(_host.Address) };
    }

    public async Task DisposeAsync() => await _host.DisposeAsync();

    public void Dispose() => _client?.Dispose();

    [Theory]
    [InlineData("/", "text/html")]
    [InlineData("/dashboard/app.js", "text/javascript")]
    [InlineData("/dashboard/theme.css", "text/css")]
    [InlineData("/dashboard/icon.svg", "image/svg+xml")]
    [InlineData("/dashboard/vendor/uPlot.iife.min.js", "text/javascript")]
    [InlineData("/dashboard/vendor/uPlot.LICENSE.txt", "text/plain")]
    public async Task A_file_comes_with_its_type_and_the_strict_headers(string path, string type)
    {
        using var response = await _client.GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(type, response.Content.Headers.ContentType?.MediaType);
        Assert.Equal([DashboardEndpoints.ContentSecurityPolicy], response.Headers.GetValues("Content-Security-Policy"));
        Assert.Equal(["nosniff"], response.Headers.GetValues("X-Content-Type-Options"));
        Assert.Equal(["DENY"], response.Headers.GetValues("X-Frame-Options"));
        Assert.Equal(["no-referrer"], response.Headers.GetValues("Referrer-Policy"));
        Assert.True(response.Headers.CacheControl?.NoCache);
    }

    [Fact]
    public void The_policy_allows_this_origin_only()
    {
        var directives = DashboardEndpoints.ContentSecurityPolicy.Split("; ").ToDictionary(d => d.Split(' ', 2)[0], d => d.Split(' ', 2)[1], StringComparer.Ordinal);
        Assert.Equal("'none'", directives["default-src"]);
        foreach (var source in (string[])["script-src", "style-src", "img-src", "connect-src"]) Assert.Equal("'self'", directives[source]);
        Assert.Equal("'none'", directives["frame-ancestors"]);
    }

    [Fact]
    public async Task An_unchanged_file_is_not_sent_again()
    {
        using var first = await _client.GetAsync("/dashboard/app.js");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/dashboard/app.js");
        request.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        using var second = await _client.SendAsync(request);
        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
        Assert.Empty(await second.Content.ReadAsByteArrayAsync());

        using var changed = new HttpRequestMessage(HttpMethod.Get, "/dashboard/app.js");
        changed.Headers.IfNoneMatch.Add(new EntityTagHeaderValue("\"another\""));
        using var third = await _client.SendAsync(changed);
        Assert.Equal(HttpStatusCode.OK, third.StatusCode);
    }

    [Fact]
    public async Task Head_answers_like_get_without_a_body()
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, "/");
        using var response = await _client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(new FileInfo(Path.Combine(Files, "index.html")).Length, response.Content.Headers.ContentLength);
        Assert.NotNull(response.Headers.ETag);
    }

    [Fact]
    public async Task What_is_not_a_file_of_the_page_is_not_found()
    {
        foreach (var path in (string[])["/dashboard/", "/dashboard/none.js", "/dashboard/../Program.cs", "/dashboard/%2e%2e/appsettings.json", "/dashboard/vendor/NOTICE.md"])
        {
            using var response = await _client.GetAsync(path);
            Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        }
    }

    [Fact]
    public async Task Every_file_of_the_folder_is_served_as_it_is()
    {
        foreach (var file in Directory.EnumerateFiles(Files, "*", SearchOption.AllDirectories).Where(f => !f.EndsWith("NOTICE.md", StringComparison.Ordinal)))
        {
            var name = Path.GetRelativePath(Files, file).Replace('\\', '/');
            var served = await _client.GetByteArrayAsync(string.Equals(name, "index.html", StringComparison.Ordinal) ? "/" : $"/dashboard/{name}");
            var expected = await File.ReadAllBytesAsync(file);
            Assert.True(served.AsSpan().SequenceEqual(expected), $"{name} differs from the file; build again");
        }
    }

    [Fact]
    public void Nothing_is_inline_and_nothing_comes_from_elsewhere()
    {
        foreach (var file in Directory.EnumerateFiles(Files).Where(f => Path.GetExtension(f) is ".html" or ".js" or ".css"))
        {
            var text = File.ReadAllText(file);
            Assert.DoesNotMatch(Elsewhere(), text);
            Assert.DoesNotMatch(Inline(), text);
        }
    }

    [Fact]
    public void The_third_party_files_are_those_of_the_notice()
    {
        var notice = File.ReadAllText(Path.Combine(Files, "vendor", "NOTICE.md"));
        foreach (var name in (string[])["uPlot.iife.min.js", "uPlot.min.css"])
            Assert.Contains($"| `{name}` | `{Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(Files, "vendor", name))))}` |", notice, StringComparison.Ordinal);
    }

    [Fact]
    public void No_file_of_the_page_is_longer_than_the_limit_for_sources()
    {
        foreach (var file in Directory.EnumerateFiles(Files).Concat(Directory.EnumerateFiles(BrowserFactAttribute.Folder, "*.mjs")))
            Assert.True(File.ReadLines(file).Count() <= 500, $"{Path.GetFileName(file)} has more than 500 lines");
    }

    [GeneratedRegex("""(?:https?:)?//[a-z0-9-]+\.[a-z]""", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 2000)]
    private static partial Regex Elsewhere();

    [GeneratedRegex("""<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:|\binnerHTML\b|\beval\(|insertAdjacentHTML|document\.write""", RegexOptions.ExplicitCapture, 2000)]
    private static partial Regex Inline();
}
