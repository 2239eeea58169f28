using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Protocol.Problems;
using PersonaTune.Protocol.Requests;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Aggregator.Tests.Endpoints;

/// <summary>Every way in which a signed request can fail, through the real HTTP stack.</summary>
public sealed class RequestSigningTests : IAsyncLifetime
{
    private const string Body = """{"baseModelDigest":"a","schemaHash":"b","rank":0,"taskDigest":"c","consentReceipt":"d","clientVersion":"e"}""";
    private TestService _service = null!;
    private IdentityKey _device = null!;

    public async Task InitializeAsync()
    {
        _service = await TestService.StartAsync();
        _device = await _service.EnrolAsync();
        using var created = await _service.CreateTaskAsync(_service.Sign(TestTasks.Secure()));
        created.EnsureSuccessStatusCode();
    }

    public async Task DisposeAsync()
    {
        _device.Dispose();
        await _service.DisposeAsync();
    }

    [Fact]
    public async Task An_authentic_request_is_answered_and_its_bytes_are_refused_the_second_time()
    {
        var request = Request();
        var (status, _) = await SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, status);
        var (again, problem) = await SendAsync(request);
        Assert.Equal(HttpStatusCode.Conflict, again);
        Assert.Equal(ProblemTypes.Replayed, problem!.Type);
    }

    [Fact]
    public async Task A_repetition_that_is_signed_anew_gets_the_stored_answer()
    {
        var key = Key();
        var (first, _) = await SendAsync(Request(key: key));
        using var response = await RawAsync(Request(key: key, time: Now + 5));
        Assert.Equal(HttpStatusCode.OK, first);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("true", response.Headers.GetValues(RequestHeaders.Repeated).Single());
    }

    [Fact]
    public async Task A_key_that_was_used_for_something_else_is_refused()
    {
        var key = Key();
        await SendAsync(Request(key: key));
        var (status, problem) = await SendAsync(Request(key: key, body: Body.Replace("\"e\"", "\"f\"", StringComparison.Ordinal)));
        Assert.Equal((HttpStatusCode.Conflict, ProblemTypes.KeyReused), (status, problem!.Type));
    }

    public static TheoryData<string, string> Failures => new()
    {
        { "no certificate", ProblemTypes.Unauthenticated },
        { "no signature", ProblemTypes.Unauthenticated },
        { "no time", ProblemTypes.Unauthenticated },
        { "other body", ProblemTypes.Unauthenticated },
        { "other target", ProblemTypes.Unauthenticated },
        { "other audience", ProblemTypes.Unauthenticated },
        { "other key", ProblemTypes.Unauthenticated },
        { "other device's certificate", ProblemTypes.Unauthenticated },
        { "foreign authority", ProblemTypes.Unauthenticated },
        { "certificate not base64", ProblemTypes.Unauthenticated },
        { "late", ProblemTypes.Stale },
        { "early", ProblemTypes.Stale },
        { "no idempotency key", ProblemTypes.Unauthenticated },
        { "short idempotency key", ProblemTypes.Malformed },
        { "not json", ProblemTypes.Malformed },
        { "json with a member missing", ProblemTypes.Malformed },
        { "large", ProblemTypes.TooLarge },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task A_request_that_is_wrong_in_one_respect_is_refused_for_it(string wrong, string type)
    {
        var request = wrong switch
        {
            "late" => Request(time: Now - 130_000),
            "early" => Request(time: Now + 130_000),
            "not json" => Request(body: "{"),
            "json with a member missing" => Request(body: "{}"),
            "large" => Request(body: new string(' ', 300_000)),
            "short idempotency key" => Request(key: "abc"),
            "other audience" => Request(audience: "somebody else"),
            _ => Request(),
        };
        using var foreign = new TestKeys();
        using var stranger = foreign.Device();
        using var other = await _service.EnrolAsync();
        switch (wrong)
        {
            case "no certificate": request.Headers.Remove(RequestHeaders.Certificate); break;
            case "no signature": request.Headers.Remove(RequestHeaders.Signature); break;
            case "no time": request.Headers.Remove(RequestHeaders.Time); break;
            case "no idempotency key": request.Headers.Remove(RequestHeaders.IdempotencyKey); break;
            case "other body": request = request with { Body = request.Body + " " }; break;
            case "other target": request = request with { Target = request.Target + "?x=1" }; break;
            case "other key": request.Headers[RequestHeaders.IdempotencyKey] = Key(); break;
            case "other device's certificate": request.Headers[RequestHeaders.Certificate] = Convert.ToBase64String(other.Certificate.Span); break;
            case "foreign authority": request.Headers[RequestHeaders.Certificate] = Convert.ToBase64String(stranger.Certificate.Span); break;
            case "certificate not base64": request.Headers[RequestHeaders.Certificate] = "***"; break;
            default: break;
        }

        var (status, problem) = await SendAsync(request);
        Assert.Equal(type, problem!.Type);
        Assert.Equal((int)status, problem.Status);
        Assert.NotEmpty(problem.Detail!);
    }

    [Fact]
    public async Task An_unknown_address_and_a_wrong_method_are_problem_documents_too()
    {
        foreach (var (method, target, status) in ((string, string, int)[])[("GET", "/nothing", 404), ("PUT", Routes.Tasks, 405)])
        {
            using var response = await _service.Http.SendAsync(new HttpRequestMessage(new HttpMethod(method), target));
            Assert.Equal(status, (int)response.StatusCode);
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        }
    }

    [Fact]
    public async Task An_operators_change_needs_the_token_and_a_task_needs_the_operators_signature()
    {
        using var wrong = await _service.CreateTaskAsync(_service.Sign(TestTasks.Secure() with { Name = "other" }), "guess");
        Assert.Equal(HttpStatusCode.Unauthorized, wrong.StatusCode);
        using var keys = new TestKeys();
        using var foreign = await _service.CreateTaskAsync(keys.Sign(TestTasks.Secure() with { Name = "other" }).ToArray());
        Assert.Equal(HttpStatusCode.Forbidden, foreign.StatusCode);
        using var invalid = await _service.CreateTaskAsync(_service.Sign(TestTasks.Secure() with { Name = "Not A Name" }));
        Assert.Equal(HttpStatusCode.BadRequest, invalid.StatusCode);
        Assert.Contains("name is Not A Name", await invalid.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private static long Now => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    private static string Key() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    private Signed Request(string? key = null, long? time = null, string body = Body, string audience = "personatune-aggregator")
    {
        var (target, sent, idempotency) = (Routes.CheckIn("digits"), time ?? Now, key ?? Key());
        var message = SignedRequest.Message(audience, "POST", target, sent, idempotency, SHA256.HashData(Encoding.UTF8.GetBytes(body)));
        return new Signed(target, body, new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [RequestHeaders.Certificate] = Convert.ToBase64String(_device.Certificate.Span),
            [RequestHeaders.Time] = sent.ToString(CultureInfo.InvariantCulture),
            [RequestHeaders.IdempotencyKey] = idempotency,
            [RequestHeaders.Signature] = Convert.ToBase64String(_device.Sign(SHA256.HashData(message))),
        });
    }

    private Task<HttpResponseMessage> RawAsync(Signed signed)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, signed.Target) { Content = new StringContent(signed.Body, Encoding.UTF8, "application/json") };
        foreach (var (name, value) in signed.Headers) request.Headers.TryAddWithoutValidation(name, value);
        return _service.Http.SendAsync(request);
    }

    private async Task<(HttpStatusCode Status, ProblemDocument? Problem)> SendAsync(Signed signed)
    {
        using var response = await RawAsync(signed);
        var body = await response.Content.ReadAsByteArrayAsync();
        return (response.StatusCode, response.IsSuccessStatusCode ? null : JsonSerializer.Deserialize(body, ProtocolJson.Default.ProblemDocument));
    }

    private sealed record Signed(string Target, string Body, Dictionary<string, string> Headers);
}
