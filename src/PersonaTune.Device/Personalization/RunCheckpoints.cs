using System.Text.Json;
using PersonaTune.Device.Adapters;

namespace PersonaTune.Device.Personalization;

/// <summary>The one interrupted run that a user may have: header and trainer state, sealed, always written together.</summary>
internal sealed class RunCheckpoints(IBlobStore blobs)
{
    private const string Collection = "training";
    private const string Header = "run/header";
    private const string State = "run/state";

    /// <summary>The interrupted run, or null. The state is null if none of its steps was saved.</summary>
    public async Task<(RunHeader Header, ReadOnlyMemory<byte>? State)?> ReadAsync(string user, CancellationToken cancellationToken)
    {
        if (await blobs.ReadAsync(user, Collection, Header, cancellationToken) is not { } json) return null;
        RunHeader header;
        try
        {
            header = JsonSerializer.Deserialize(json.Span, PersonalizationJson.Default.RunHeader) ?? throw new JsonException("null");
        }
        catch (JsonException)
        {
            // The seal was intact, so another version of this library wrote it: that run cannot be continued, only started anew.
            await DeleteAsync(user, cancellationToken);
            return null;
        }
        return (header, await blobs.ReadAsync(user, Collection, State, cancellationToken));
    }

    public Task WriteAsync(string user, RunHeader header, ReadOnlyMemory<byte>? state, CancellationToken cancellationToken)
    {
        var values = new List<KeyValuePair<string, ReadOnlyMemory<byte>>>
        {
            new(Header, JsonSerializer.SerializeToUtf8Bytes(header, PersonalizationJson.Default.RunHeader)),
        };
        if (state is { } bytes) values.Add(new(State, bytes));
        return blobs.WriteAsync(user, Collection, values, state is null ? [State] : [], cancellationToken);
    }

    public Task DeleteAsync(string user, CancellationToken cancellationToken) =>
        blobs.WriteAsync(user, Collection, [], [Header, State], cancellationToken);
}
