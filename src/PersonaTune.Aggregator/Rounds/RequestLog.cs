using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using PersonaTune.Aggregator.Persistence;
using PersonaTune.Protocol.Problems;

namespace PersonaTune.Aggregator.Rounds;

/// <summary>
/// Signed actions that were carried out, in the transaction that carries them out: a repetition with the same key gets the stored answer, the same
/// signed bytes a second time are a replay and refused.
/// </summary>
internal static class RequestLog
{
    /// <summary>The stored answer, or null if the action is new.</summary>
    /// <exception cref="RequestException">A replay, or a key that was used for something else.</exception>
    public static async Task<T?> FindAsync<T>(DatabaseTransaction transaction, AuthenticatedRequest caller, JsonTypeInfo<T> type)
        where T : class
    {
        var known = await transaction.FirstOrDefaultAsync<Row>(
            $"SELECT digest, signature_digest, body FROM request WHERE device = @device AND request_key = @Key{transaction.Dialect.ForUpdate}",
            new { device = caller.Device.ToString(), caller.Key });
        if (known is null) return null;
        if (known.SignatureDigest.AsSpan().SequenceEqual(caller.SignatureDigest.Span))
            throw new RequestException(409, ProblemTypes.Replayed, "this very request was received before; sign a repetition anew");
        if (!known.Digest.AsSpan().SequenceEqual(caller.Digest.Span))
            throw new RequestException(409, ProblemTypes.KeyReused, "the idempotency key was used for another request before; use a fresh one");
        await transaction.ExecuteAsync(
            "UPDATE request SET signature_digest = @signature WHERE device = @device AND request_key = @Key",
            new { device = caller.Device.ToString(), caller.Key, signature = caller.SignatureDigest.ToArray() });
        return JsonSerializer.Deserialize(known.Body, type);
    }

    /// <summary>Stores the answer.</summary>
    public static async Task StoreAsync<T>(DatabaseTransaction transaction, AuthenticatedRequest caller, T answer, JsonTypeInfo<T> type, TimeSpan kept) =>
        await transaction.ExecuteAsync(
            "INSERT INTO request (device, request_key, digest, signature_digest, status, body, expires_at) VALUES (@device, @Key, @digest, @signature, 200, @body, @expires)",
            new
            {
                device = caller.Device.ToString(),
                caller.Key,
                digest = caller.Digest.ToArray(),
                signature = caller.SignatureDigest.ToArray(),
                body = JsonSerializer.SerializeToUtf8Bytes(answer, type),
                expires = await transaction.NowAsync() + (long)kept.TotalMilliseconds,
            });

    private sealed class Row
    {
        public byte[] Digest { get; set; } = [];

        public byte[] SignatureDigest { get; set; } = [];

        public byte[] Body { get; set; } = [];
    }
}
