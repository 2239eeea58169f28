using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Protocol.Enrolment;
using PersonaTune.Protocol.Problems;
using PersonaTune.Protocol.Releases;
using PersonaTune.Protocol.Requests;
using PersonaTune.Protocol.Rounds;
using PersonaTune.Protocol.Tasks;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Device.Federation;

/// <summary>
/// The aggregator's interface as a device calls it. Requests are signed by the device's identity; an action keeps its idempotency key over repetitions and is signed anew each
/// time. Bodies are never logged. Thread-safe if the identity is; signing is serialized.
/// </summary>
public sealed class AggregatorClient
{
    private readonly HttpClient _http;
    private readonly IMessageSigner? _identity;
    private readonly AggregatorClientOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _signing = new();
    private readonly string _certificate;
    private long _sent;
    private long _received;

    /// <summary>A client.</summary>
    /// <param name="http">Its base address is the service's; it stays the caller's to dispose.</param>
    /// <param name="identity">The device's identity with its certificate; null for requests that need none.</param>
    /// <param name="options">How to speak.</param>
    /// <param name="time">The clock of signatures and pauses; null for the system's.</param>
    public AggregatorClient(HttpClient http, IMessageSigner? identity, AggregatorClientOptions? options = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(http);
        (_http, _identity, _options, _time) = (http, identity, options ?? new AggregatorClientOptions(), time ?? TimeProvider.System);
        _certificate = identity is null ? string.Empty : Convert.ToBase64String(identity.Certificate.Span);
    }

    /// <summary>Bytes of all bodies sent.</summary>
    public long BytesSent => Interlocked.Read(ref _sent);

    /// <summary>Bytes of all bodies received.</summary>
    public long BytesReceived => Interlocked.Read(ref _received);

    /// <summary>The deployment's public keys: for trying things out; an application pins them.</summary>
    public Task<ServiceKeys> GetKeysAsync(CancellationToken cancellationToken) => ReadAsync(Routes.Keys, signed: false, ProtocolJson.Default.ServiceKeys, cancellationToken);

    /// <summary>A challenge of the authority.</summary>
    public Task<EnrolmentChallenge> GetChallengeAsync(CancellationToken cancellationToken) =>
        ReadAsync(Routes.EnrolmentChallenge, signed: false, ProtocolJson.Default.EnrolmentChallenge, cancellationToken);

    /// <summary>Asks the authority for a certificate.</summary>
    public async Task<EnrolmentResponse> EnrolAsync(EnrolmentRequest request, CancellationToken cancellationToken)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(request, ProtocolJson.Default.EnrolmentRequest);
        return Parse(await SendAsync(HttpMethod.Post, Routes.Enrolment, body, "application/json", signed: false, string.Empty, cancellationToken), ProtocolJson.Default.EnrolmentResponse);
    }

    /// <summary>Open and paused tasks.</summary>
    public Task<TaskList> ListTasksAsync(CancellationToken cancellationToken) => ReadAsync(Routes.Tasks, signed: false, ProtocolJson.Default.TaskList, cancellationToken);

    /// <summary>Asks for a seat.</summary>
    public Task<CheckInResponse> CheckInAsync(string task, CheckInRequest request, CancellationToken cancellationToken) => ActAsync(
        HttpMethod.Post, Routes.CheckIn(task), JsonSerializer.SerializeToUtf8Bytes(request, ProtocolJson.Default.CheckInRequest), "application/json",
        ProtocolJson.Default.CheckInResponse, cancellationToken);

    /// <summary>Sends a protocol message.</summary>
    public Task<MessageReceipt> SendAsync(string cohort, ReadOnlyMemory<byte> message, CancellationToken cancellationToken) => ActAsync(
        HttpMethod.Post, Routes.Messages(cohort), message, "application/octet-stream", ProtocolJson.Default.MessageReceipt, cancellationToken);

    /// <summary>Sends a chunk of a plain report.</summary>
    public Task<MessageReceipt> SendReportAsync(string cohort, int chunk, ReadOnlyMemory<byte> packed, CancellationToken cancellationToken) => ActAsync(
        HttpMethod.Post, Routes.Report(cohort, chunk), packed, "application/octet-stream", ProtocolJson.Default.MessageReceipt, cancellationToken);

    /// <summary>The server's next message of a type above <paramref name="after"/>; waits for it. Empty if there is none yet.</summary>
    /// <exception cref="AggregatorException">There will be none any more (<see cref="ProblemTypes.Gone"/>).</exception>
    public async Task<ReadOnlyMemory<byte>> NextMessageAsync(string cohort, int after, CancellationToken cancellationToken)
    {
        var target = Routes.NextMessage(cohort, after, (int)_options.LongPoll.TotalSeconds);
        return await SendAsync(HttpMethod.Get, target, default, null, signed: true, string.Empty, cancellationToken);
    }

    /// <summary>What is missing of an interrupted upload.</summary>
    public Task<MissingChunks> GetMissingAsync(string cohort, CancellationToken cancellationToken) =>
        ReadAsync(Routes.Missing(cohort), signed: true, ProtocolJson.Default.MissingChunks, cancellationToken);

    /// <summary>How far this device has come.</summary>
    public Task<ParticipationView> GetParticipationAsync(string cohort, CancellationToken cancellationToken) =>
        ReadAsync(Routes.Participation(cohort), signed: true, ProtocolJson.Default.ParticipationView, cancellationToken);

    /// <summary>Leaves a round.</summary>
    public Task<ParticipationView> LeaveAsync(string cohort, CancellationToken cancellationToken) =>
        ActAsync(HttpMethod.Delete, Routes.Participation(cohort), default, null, ProtocolJson.Default.ParticipationView, cancellationToken);

    /// <summary>The newest release for this device, or null before the first.</summary>
    public async Task<ReleaseView?> GetLatestReleaseAsync(string task, CancellationToken cancellationToken)
    {
        var answer = await SendAsync(HttpMethod.Get, Routes.LatestRelease(task), default, null, signed: true, string.Empty, cancellationToken);
        return answer.Length == 0 ? null : Parse(answer, ProtocolJson.Default.ReleaseView);
    }

    /// <summary>One release.</summary>
    public Task<ReleaseView> GetReleaseAsync(string task, int number, CancellationToken cancellationToken) =>
        ReadAsync(Routes.Release(task, number), signed: false, ProtocolJson.Default.ReleaseView, cancellationToken);

    /// <summary>A release's encoded vector.</summary>
    public async Task<ReadOnlyMemory<byte>> GetVectorAsync(string task, int number, CancellationToken cancellationToken) =>
        await SendAsync(HttpMethod.Get, Routes.ReleaseVector(task, number), default, null, signed: false, string.Empty, cancellationToken);

    /// <summary>Sends a canary verdict.</summary>
    public Task<MessageReceipt> SendVerdictAsync(string task, int number, CanaryVerdict verdict, CancellationToken cancellationToken) => ActAsync(
        HttpMethod.Post, Routes.Verdict(task, number), JsonSerializer.SerializeToUtf8Bytes(verdict, ProtocolJson.Default.CanaryVerdict), "application/json",
        ProtocolJson.Default.MessageReceipt, cancellationToken);

    private async Task<T> ReadAsync<T>(string target, bool signed, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        Parse(await SendAsync(HttpMethod.Get, target, default, null, signed, string.Empty, cancellationToken), type);

    private async Task<T> ActAsync<T>(
        HttpMethod method, string target, ReadOnlyMemory<byte> body, string? contentType, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        Parse(await SendAsync(method, target, body, contentType, signed: true, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), cancellationToken), type);

    private static T Parse<T>(byte[] answer, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(answer, type) ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw new AggregatorException(200, string.Empty, $"its answer is not a {typeof(T).Name} ({e.Message}); update PersonaTune", innerException: e);
        }
    }

    private async Task<byte[]> SendAsync(
        HttpMethod method, string target, ReadOnlyMemory<byte> body, string? contentType, bool signed, string key, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            TimeSpan? asked = null;
            AggregatorException failure;
            try
            {
                using var request = Build(method, target, body, contentType, signed, key);
                using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
                Interlocked.Add(ref _sent, body.Length);
                var answer = await ReadAsync(response, cancellationToken).ConfigureAwait(false);
                if (response.IsSuccessStatusCode) return answer;
                failure = Problem(response.StatusCode, answer);
                asked = response.Headers.RetryAfter is { } after ? after.Delta ?? after.Date - _time.GetUtcNow() : null;
                if (response.StatusCode is not (HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable or HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout)) throw failure;
            }
            catch (Exception e) when (e is HttpRequestException or IOException || (e is TaskCanceledException && !cancellationToken.IsCancellationRequested))
            {
                failure = new AggregatorException(0, string.Empty, $"it does not answer ({e.Message}); try again later", innerException: e);
            }

            // A service that asks for a long pause would hold the device in the middle of a round: the caller comes again instead.
            if (attempt >= _options.MaximumRetries || asked > _options.MaximumPause) throw failure;
            var own = _options.FirstPause * Math.ScaleB(1, Math.Min(attempt, 20)) * (0.5 + (RandomNumberGenerator.GetInt32(1 << 16) / (double)(1 << 16)));
            if (own > _options.MaximumPause) own = _options.MaximumPause;
            await Task.Delay(asked > TimeSpan.Zero ? asked.Value : own, _time, cancellationToken).ConfigureAwait(false);
        }
    }

    private HttpRequestMessage Build(HttpMethod method, string target, ReadOnlyMemory<byte> body, string? contentType, bool signed, string key)
    {
        var request = new HttpRequestMessage(method, target) { Version = _http.DefaultRequestVersion, VersionPolicy = _http.DefaultVersionPolicy };
        if (contentType is not null)
        {
            request.Content = new ReadOnlyMemoryContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
        }

        if (!signed) return request;
        if (_identity is null) throw new InvalidOperationException("the request must be signed, but the client has no identity; enrol the device first");
        var time = _time.GetUtcNow().ToUnixTimeMilliseconds();
        var digest = SHA256.HashData(SignedRequest.Message(_options.Audience, method.Method, target, time, key, SHA256.HashData(body.Span)));
        byte[] signature;
        lock (_signing) signature = _identity.Sign(digest);
        request.Headers.TryAddWithoutValidation(RequestHeaders.Certificate, _certificate);
        request.Headers.TryAddWithoutValidation(RequestHeaders.Time, time.ToString(CultureInfo.InvariantCulture));
        request.Headers.TryAddWithoutValidation(RequestHeaders.Signature, Convert.ToBase64String(signature));
        if (key.Length > 0) request.Headers.TryAddWithoutValidation(RequestHeaders.IdempotencyKey, key);
        return request;
    }

    private async Task<byte[]> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.Content.Headers.ContentLength > _options.MaximumAnswer) throw TooLong();
        using var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        using var answer = new MemoryStream();
        var buffer = new byte[16 << 10];
        while (await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) is var read and > 0)
        {
            if (answer.Length + read > _options.MaximumAnswer) throw TooLong();
            answer.Write(buffer, 0, read);
        }

        Interlocked.Add(ref _received, answer.Length);
        return answer.ToArray();

        AggregatorException TooLong() => new((int)response.StatusCode, string.Empty, $"its answer is longer than {_options.MaximumAnswer} bytes; raise AggregatorClientOptions.MaximumAnswer if that is right");
    }

    private static AggregatorException Problem(HttpStatusCode status, byte[] answer)
    {
        try
        {
            if (JsonSerializer.Deserialize(answer, ProtocolJson.Default.ProblemDocument) is { } problem)
                return new AggregatorException((int)status, problem.Type, problem.Detail ?? problem.Title, problem.Reason);
        }
        catch (JsonException)
        {
            // Something between the device and the service answered.
        }

        return new AggregatorException((int)status, string.Empty, $"it answered with status {(int)status}");
    }
}
