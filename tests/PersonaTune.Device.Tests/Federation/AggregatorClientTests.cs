using System.Net;
using System.Net.Http.Headers;
using PersonaTune.Device.Federation;

namespace PersonaTune.Device.Tests.Federation;

/// <summary>How long a busy service may keep a device waiting.</summary>
public sealed class AggregatorClientTests
{
    private readonly HurriedTime _time = new();

    [Theory]
    [InlineData(HttpStatusCode.TooManyRequests)]
    [InlineData(HttpStatusCode.ServiceUnavailable)]
    public async Task A_busy_service_is_asked_again_after_the_time_that_it_names_in_seconds_or_as_a_date(HttpStatusCode status)
    {
        var answers = new Queue<HttpResponseMessage>([
            Busy(status, new RetryConditionHeaderValue(TimeSpan.FromSeconds(7))),
            Busy(status, new RetryConditionHeaderValue(_time.GetUtcNow().AddSeconds(7 + 11))),
            Ok(),
        ]);
        Assert.Empty((await Client(new AnsweringHandler(_ => answers.Dequeue())).ListTasksAsync(CancellationToken.None)).Tasks);
        Assert.Equal([TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(11)], _time.Pauses);
    }

    [Fact]
    public async Task A_date_that_is_past_or_no_date_means_the_clients_own_pause()
    {
        var answers = new Queue<HttpResponseMessage>([
            Busy(HttpStatusCode.ServiceUnavailable, new RetryConditionHeaderValue(_time.GetUtcNow().AddDays(-1))), Busy(HttpStatusCode.ServiceUnavailable, null), Ok(),
        ]);
        Assert.Empty((await Client(new AnsweringHandler(_ => answers.Dequeue())).ListTasksAsync(CancellationToken.None)).Tasks);
        Assert.InRange(_time.Pauses[0], TimeSpan.FromSeconds(0.25), TimeSpan.FromSeconds(0.75));
        Assert.InRange(_time.Pauses[1], TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(1.5));
    }

    /// <summary>400 days are more than a timer takes.</summary>
    [Theory]
    [InlineData(61)]
    [InlineData(400 * 86_400)]
    public async Task A_service_that_asks_for_a_long_pause_does_not_hold_the_device(int seconds)
    {
        var handler = new AnsweringHandler(_ => Busy(HttpStatusCode.ServiceUnavailable, new RetryConditionHeaderValue(TimeSpan.FromSeconds(seconds))));
        Assert.Equal(503, (await Assert.ThrowsAsync<AggregatorException>(() => Client(handler).ListTasksAsync(CancellationToken.None))).Status);
        Assert.Single(handler.Requests);
        Assert.Empty(_time.Pauses);
    }

    [Fact]
    public async Task Repetitions_end_and_a_long_series_of_own_pauses_stays_within_the_limit()
    {
        var handler = new AnsweringHandler(_ => throw new HttpRequestException("the connection is gone"));
        var error = await Assert.ThrowsAsync<AggregatorException>(() => Client(handler, retries: 100).ListTasksAsync(CancellationToken.None));
        Assert.Equal((0, 101), (error.Status, handler.Requests.Count));
        Assert.Equal(TimeSpan.FromMinutes(1), _time.Pauses.Max());
    }

    private static HttpResponseMessage Ok() => new(HttpStatusCode.OK) { Content = new StringContent("""{"tasks":[]}""") };

    private static HttpResponseMessage Busy(HttpStatusCode status, RetryConditionHeaderValue? after)
    {
        var response = new HttpResponseMessage(status);
        response.Headers.RetryAfter = after;
        return response;
    }

    private AggregatorClient Client(AnsweringHandler handler, int retries = 4) =>
        new(new HttpClient(handler) { BaseAddress = new Uri("https://127.0.0.1:1") }, null, new AggregatorClientOptions { MaximumRetries = retries }, _time);
}
