using PersonaTune.Protocol.Problems;

namespace PersonaTune.Aggregator.Endpoints;

/// <summary>What the OpenAPI document says of an endpoint.</summary>
internal static class EndpointDescription
{
    public static RouteHandlerBuilder Describe<T>(this RouteHandlerBuilder endpoint, string name, string summary, Type? body = null, bool binary = false)
    {
        endpoint.WithName(name).WithSummary(summary);
        if (typeof(T) == typeof(byte[])) endpoint.Produces(200, contentType: "application/octet-stream");
        else endpoint.Produces<T>(200, "application/json");
        if (body is not null) endpoint.Accepts(body, "application/json");
        if (binary) endpoint.Accepts<byte[]>("application/octet-stream");
        foreach (var status in (int[])[400, 401, 404, 409, 410, 413, 422, 429, 503]) endpoint.Produces<ProblemDocument>(status, "application/problem+json");
        return endpoint;
    }
}
