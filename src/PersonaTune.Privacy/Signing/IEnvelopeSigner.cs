namespace PersonaTune.Privacy.Signing;

/// <summary>
/// Signs tasks, releases and other statements of an operator or a device with one P-256 key. An implementation may keep the key
/// in a hardware module. The context names what kind of statement it is, so that one can never be taken for another.
/// </summary>
public interface IEnvelopeSigner
{
    /// <summary>The digest of the key's SubjectPublicKeyInfo.</summary>
    Sha256Digest KeyId { get; }

    /// <summary>The public key as an uncompressed P-256 point.</summary>
    ReadOnlyMemory<byte> PublicKey { get; }

    /// <summary>
    /// The ECDSA signature with SHA-256, r then s in 32 big-endian bytes each, over <see cref="SignedEnvelope.Message"/>.
    /// </summary>
    /// <param name="context">The kind of statement, for example <c>PersonaTune/task/1</c>: 1 to 128 printable ASCII characters.</param>
    /// <param name="payload">The statement in its one encoding.</param>
    byte[] Sign(string context, ReadOnlySpan<byte> payload);
}
