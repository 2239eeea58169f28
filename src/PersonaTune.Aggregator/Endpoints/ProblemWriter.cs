using System.Text.Json;
using PersonaTune.Aggregator.Rounds;
using PersonaTune.Aggregator.Tasks;
using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Privacy.Signing;
using PersonaTune.Protocol.Problems;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Aggregator.Endpoints;

/// <summary>Turns every failure into a problem document. Nothing of an unforeseen exception leaves the service.</summary>
internal sealed partial class ProblemWriter(RequestDelegate next, ILogger<ProblemWriter> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
            if (context.Response is { HasStarted: false, StatusCode: >= 400, ContentLength: null or 0 }) await WriteAsync(context, ForStatus(context.Response.StatusCode));
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller has gone.
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            var problem = Of(e);
            if (problem.Status >= 500) Failed(logger, context.Request.Method, context.GetEndpoint()?.DisplayName ?? "?", e);
            await WriteAsync(context, problem);
        }
    }

    /// <summary>Writes a problem document.</summary>
    public static Task WriteAsync(HttpContext context, ProblemDocument problem)
    {
        context.Response.StatusCode = problem.Status;
        if (problem.Status is 429 or 503 && context.Response.Headers.RetryAfter.Count == 0) context.Response.Headers.RetryAfter = "1";
        context.Response.ContentType = "application/problem+json";
        return context.Response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(problem, ProtocolJson.Default.ProblemDocument), context.RequestAborted).AsTask();
    }

    private static ProblemDocument Of(Exception exception) => exception switch
    {
        RequestException e => new ProblemDocument(e.Type, Title(e.Status), e.Status, e.Message, e.Reason),
        RefusalException { Reason: RefusalReason.StageClosed or RefusalReason.DeadlinePassed or RefusalReason.RoundOver } e =>
            new ProblemDocument(ProblemTypes.Gone, "Gone", 410, e.Message, e.Reason.Name()),
        RefusalException e => new ProblemDocument(ProblemTypes.Refused, "The message is refused", 422, e.Message, e.Reason.Name()),
        SigningException e => new ProblemDocument(ProblemTypes.Forbidden, "Forbidden", 403, e.Message),
        TaskInvalidException e => new ProblemDocument(ProblemTypes.Malformed, "Malformed", 400, e.Message),
        JsonException e => new ProblemDocument(ProblemTypes.Malformed, "Malformed", 400, $"the body is not the JSON of this request ({e.Path}); see /openapi/v1.json"),
        BadHttpRequestException e => new ProblemDocument(e.StatusCode == 413 ? ProblemTypes.TooLarge : ProblemTypes.Malformed, Title(e.StatusCode), e.StatusCode, "the request is not well-formed HTTP"),
        _ => new ProblemDocument(ProblemTypes.Unavailable, "Unavailable", 503, "the service could not carry the request out; repeat it with the same idempotency key"),
    };

    private static ProblemDocument ForStatus(int status) => status switch
    {
        404 => new ProblemDocument(ProblemTypes.NotFound, "Not found", 404, "there is nothing at this address; see /openapi/v1.json"),
        429 => new ProblemDocument(ProblemTypes.RateLimited, "Too many requests", 429, "too many requests; come again after the time in Retry-After"),
        503 => new ProblemDocument(ProblemTypes.Unavailable, "Unavailable", 503, "the service is not ready; come again"),
        415 => new ProblemDocument(ProblemTypes.Malformed, "Unsupported media type", 415, "the body has another content type than the address takes; see /openapi/v1.json"),
        _ => new ProblemDocument(ProblemTypes.Malformed, Title(status), status, "the request does not fit the address; see /openapi/v1.json"),
    };

    private static string Title(int status) => status switch
    {
        400 => "Malformed",
        401 => "Unauthenticated",
        403 => "Forbidden",
        404 => "Not found",
        405 => "Method not allowed",
        409 => "Conflict",
        410 => "Gone",
        413 => "Too large",
        429 => "Too many requests",
        _ => "Error",
    };

    [LoggerMessage(10, LogLevel.Error, "{Method} {Endpoint} failed")]
    private static partial void Failed(ILogger logger, string method, string endpoint, Exception exception);
}
