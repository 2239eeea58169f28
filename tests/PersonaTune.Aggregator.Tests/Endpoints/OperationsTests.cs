using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using PersonaTune.Protocol.Requests;

namespace PersonaTune.Aggregator.Tests.Endpoints;

/// <summary>What operators and their tools read.</summary>
public sealed partial class OperationsTests
{
    [Fact]
    public async Task The_openapi_document_names_every_address_of_the_protocol()
    {
        await using var service = await TestService.StartAsync();
        using var document = JsonDocument.Parse(await service.Http.GetStringAsync("/openapi/v1.json"));
        var paths = document.RootElement.GetProperty("paths").EnumerateObject().Select(path => path.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var address in (string[])[
            Routes.Keys, Routes.Tasks, Routes.Enrolment, Routes.EnrolmentChallenge, Routes.CheckIn("{task}"), Routes.Messages("{cohort}"), Routes.Missing("{cohort}"),
            Routes.Participation("{cohort}"), Routes.LatestRelease("{task}"), "/v1/operator/tasks", "/v1/operator/dashboard"])
            Assert.Contains(address, paths);
        foreach (var path in document.RootElement.GetProperty("paths").EnumerateObject())
            foreach (var operation in path.Value.EnumerateObject())
            {
                Assert.NotEmpty(operation.Value.GetProperty("operationId").GetString()!);
                Assert.NotEmpty(operation.Value.GetProperty("summary").GetString()!);
            }
    }

    [Fact]
    public async Task Metrics_follow_prometheus_text_format()
    {
        await using var service = await TestService.StartAsync();
        using var created = await service.CreateTaskAsync(service.Sign(TestTasks.Secure()));
        created.EnsureSuccessStatusCode();
        var lines = (await service.Http.GetStringAsync("/metrics")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains(lines, line => line.StartsWith("personatune_db_transactions_total{", StringComparison.Ordinal));
        var types = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in lines)
        {
            if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                var parts = line.Split(' ');
                Assert.True(types.TryAdd(parts[2], parts[3]), $"{parts[2]} has two types");
                continue;
            }

            if (line.StartsWith('#')) continue;
            var sample = Sample().Match(line);
            Assert.True(sample.Success, line);
            Assert.True(double.TryParse(sample.Groups["value"].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out _), line);
            var name = sample.Groups["name"].Value;
            Assert.Contains(types.Keys, known => name == known || (types[known] == "histogram" && name.StartsWith(known + "_", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public async Task A_caller_who_asks_too_often_is_told_when_to_come_again()
    {
        await using var service = await TestService.StartAsync(options => options.RequestsPerSecond = 1);
        HttpResponseMessage? refused = null;
        for (var i = 0; i < 40 && refused is null; i++)
        {
            var response = await service.Http.GetAsync(Routes.Tasks);
            if (response.StatusCode == System.Net.HttpStatusCode.TooManyRequests) refused = response;
            else response.Dispose();
        }

        Assert.NotNull(refused!.Headers.RetryAfter);
        Assert.Contains("rate-limited", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        refused.Dispose();
    }

    [Fact]
    public async Task Health_answers_and_the_event_stream_resumes_after_the_last_event_that_was_seen()
    {
        await using var service = await TestService.StartAsync();
        Assert.Equal("Healthy", await service.Http.GetStringAsync("/health/ready"));
        Assert.Equal("Healthy", await service.Http.GetStringAsync("/health/live"));
        using var created = await service.CreateTaskAsync(service.Sign(TestTasks.Secure()));
        created.EnsureSuccessStatusCode();
        var first = await ReadEventAsync(service, null);
        var second = await ReadEventAsync(service, first.Id);
        Assert.Contains("Task is open", first.Data, StringComparison.Ordinal);
        Assert.Equal(first.Id + 1, second.Id);
    }

    [Fact]
    public async Task Metrics_go_to_an_otlp_collector_when_one_is_configured()
    {
        var bodies = new ConcurrentBag<(string Path, byte[] Body)>();
        await using var collector = WebApplication.CreateSlimBuilder().Build();
        collector.Urls.Add("http://127.0.0.1:0");
        collector.MapPost("/{**path}", async (HttpContext http) =>
        {
            using var body = new MemoryStream();
            await http.Request.Body.CopyToAsync(body);
            bodies.Add((http.Request.Path, body.ToArray()));
        });
        await collector.StartAsync();
        await using (var service = await TestService.StartAsync(options => options.OtlpEndpoint = new Uri(collector.Urls.First())))
        {
            using var created = await service.CreateTaskAsync(service.Sign(TestTasks.Secure()));
            created.EnsureSuccessStatusCode();
        }

        // What is left is sent when the service ends.
        var (path, sent) = Assert.Single(bodies, body => Encoding.UTF8.GetString(body.Body).Contains("personatune_db_transactions", StringComparison.Ordinal));
        Assert.Equal("/v1/metrics", path);
        Assert.NotEmpty(sent);
    }

    private static async Task<(long Id, string Data)> ReadEventAsync(TestService service, long? after)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/operator/events");
        if (after is { } last) request.Headers.TryAddWithoutValidation("Last-Event-ID", last.ToString(CultureInfo.InvariantCulture));
        using var response = await service.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        var id = 0L;
        while (await reader.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("id: ", StringComparison.Ordinal)) id = long.Parse(line[4..], CultureInfo.InvariantCulture);
            if (line.StartsWith("data: ", StringComparison.Ordinal)) return (id, line[6..]);
        }

        throw new EndOfStreamException();
    }

    [GeneratedRegex("""^(?<name>[a-zA-Z_][a-zA-Z0-9_]*)(\{([a-zA-Z_][a-zA-Z0-9_]*="(\\.|[^"\\])*",?)*\})? (?<value>\S+)$""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Sample();
}
