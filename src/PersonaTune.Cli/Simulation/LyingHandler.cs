using System.Net.Http.Headers;

namespace PersonaTune.Cli.Simulation;

/// <summary>Tampers with what a device sends to a cohort.</summary>
internal sealed class LyingHandler(HttpMessageHandler inner, LiarKind kind) : DelegatingHandler(inner)
{
    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Method != HttpMethod.Post || request.Content is null || request.RequestUri?.OriginalString.Contains("/v1/cohorts/", StringComparison.Ordinal) != true)
            return await base.SendAsync(request, cancellationToken);
        var body = await request.Content.ReadAsByteArrayAsync(cancellationToken);
        if (kind == LiarKind.Replay)
        {
            (await base.SendAsync(Copy(request, body), cancellationToken)).Dispose();
            return await base.SendAsync(Copy(request, body), cancellationToken);
        }

        var changed = kind switch
        {
            LiarKind.Truncate => body[..^1],
            LiarKind.Oversize => [.. body, .. new byte[2 << 20]],
            _ => Flip(body),
        };
        return await base.SendAsync(Copy(request, changed), cancellationToken);
    }

    private static byte[] Flip(byte[] body)
    {
        body[body.Length / 2] ^= 1;
        return body;
    }

    private static HttpRequestMessage Copy(HttpRequestMessage request, byte[] body)
    {
        var copy = new HttpRequestMessage(request.Method, request.RequestUri) { Content = new ByteArrayContent(body), Version = request.Version, VersionPolicy = request.VersionPolicy };
        foreach (var header in request.Headers) copy.Headers.TryAddWithoutValidation(header.Key, header.Value);
        copy.Content.Headers.ContentType = request.Content?.Headers.ContentType ?? new MediaTypeHeaderValue("application/octet-stream");
        return copy;
    }
}
