using PersonaTune.Aggregator.Rounds;
using PersonaTune.Protocol.Problems;

namespace PersonaTune.Aggregator.Endpoints;

/// <summary>Reads a request's body up to a limit; what is longer is refused before it is kept.</summary>
internal static class BodyReader
{
    /// <summary>The largest JSON body: 256 KiB.</summary>
    public const int Json = 256 << 10;

    /// <summary>The largest binary body: a chunk of 1 MiB with what is around it.</summary>
    public const int Message = (1 << 20) + 4096;

    public static async Task<byte[]> ReadAsync(HttpRequest request, int limit, CancellationToken cancellationToken)
    {
        if (request.ContentLength > limit) throw TooLarge(request.ContentLength.Value, limit);
        using var body = new MemoryStream(request.ContentLength is { } length ? (int)length : 4096);
        var buffer = new byte[16 << 10];
        while (await request.Body.ReadAsync(buffer, cancellationToken) is var read and > 0)
        {
            if (body.Length + read > limit) throw TooLarge(body.Length + read, limit);
            body.Write(buffer, 0, read);
        }

        return body.ToArray();
    }

    private static RequestException TooLarge(long length, int limit) =>
        new(413, ProblemTypes.TooLarge, $"the body has {length} bytes or more, expected at most {limit}; send a report in chunks of 1 MiB");
}
