namespace PersonaTune.Device.Tests.Federation;

/// <summary>Answers requests without a network, and counts them by path.</summary>
internal sealed class AnsweringHandler(Func<HttpRequestMessage, HttpResponseMessage> answer) : HttpMessageHandler
{
    private readonly List<string> _requests = [];

    public IReadOnlyList<string> Requests
    {
        get
        {
            lock (_requests) return [.. _requests];
        }
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_requests) _requests.Add(request.RequestUri!.AbsolutePath);
        return Task.FromResult(answer(request));
    }
}
