using System.Buffers.Binary;
using System.Text;

namespace PersonaTune.Protocol.Requests;

/// <summary>
/// What a device signs about a request: ECDSA on P-256 over the SHA-256 of <see cref="Message"/>. The audience keeps a request from being
/// played to another service, the time from being kept for later, the idempotency key from being acted upon twice.
/// </summary>
public static class SignedRequest
{
    /// <summary>How far a request's time may lie from the service's clock by default: 2 minutes.</summary>
    public static readonly TimeSpan DefaultFreshness = TimeSpan.FromMinutes(2);

    /// <summary>
    /// <c>PersonaTune/request/1</c>, audience, method, target (path and query), time, idempotency key and the body's SHA-256, each as bytes after its length
    /// in four bytes, little-endian; texts in UTF-8, the time in eight bytes.
    /// </summary>
    /// <param name="audience">The service's name.</param>
    /// <param name="method">The HTTP method in upper case.</param>
    /// <param name="target">Path and query as sent.</param>
    /// <param name="unixMilliseconds">The time.</param>
    /// <param name="idempotencyKey">The key, or an empty text.</param>
    /// <param name="bodyDigest">SHA-256 of the body, also of an empty one.</param>
    public static byte[] Message(
        string audience, string method, string target, long unixMilliseconds, string idempotencyKey, ReadOnlySpan<byte> bodyDigest)
    {
        ArgumentNullException.ThrowIfNull(audience);
        ArgumentNullException.ThrowIfNull(method);
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(idempotencyKey);
        Span<byte> time = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(time, unixMilliseconds);
        using var message = new MemoryStream();
        foreach (var text in (ReadOnlySpan<string>)["PersonaTune/request/1", audience, method, target])
            WriteField(message, Encoding.UTF8.GetBytes(text));
        WriteField(message, time);
        WriteField(message, Encoding.UTF8.GetBytes(idempotencyKey));
        WriteField(message, bodyDigest);
        return message.ToArray();
    }

    /// <summary>
    /// What a key signs to enrol: <c>PersonaTune/enrolment/1</c>, audience, public key, nonce, attestation kind and the evidence, in the same form.
    /// </summary>
    public static byte[] EnrolmentMessage(
        string audience, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> nonce, string attestation, ReadOnlySpan<byte> evidence)
    {
        ArgumentNullException.ThrowIfNull(audience);
        ArgumentNullException.ThrowIfNull(attestation);
        using var message = new MemoryStream();
        WriteField(message, "PersonaTune/enrolment/1"u8);
        WriteField(message, Encoding.UTF8.GetBytes(audience));
        WriteField(message, publicKey);
        WriteField(message, nonce);
        WriteField(message, Encoding.UTF8.GetBytes(attestation));
        WriteField(message, evidence);
        return message.ToArray();
    }

    private static void WriteField(MemoryStream message, ReadOnlySpan<byte> field)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, field.Length);
        message.Write(length);
        message.Write(field);
    }
}
