using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.Signing;

/// <summary>
/// A signed statement. Encoding, little-endian: <c>PTSE</c>, version 1, context (length 4, ASCII), key id 32, payload (length
/// 4, bytes), signature 64. What is signed is <see cref="Message"/>.
/// </summary>
/// <param name="Context">The kind of statement.</param>
/// <param name="KeyId">The digest of the signing key's SubjectPublicKeyInfo.</param>
/// <param name="Payload">The statement.</param>
/// <param name="Signature">ECDSA on P-256 with SHA-256: r, then s.</param>
public sealed record SignedEnvelope(string Context, Sha256Digest KeyId, ReadOnlyMemory<byte> Payload, ReadOnlyMemory<byte> Signature)
{
    /// <summary>Bytes of a signature.</summary>
    public const int SignatureLength = 64;

    /// <summary>The largest payload: 16 MiB.</summary>
    public const int MaxPayload = 16 << 20;

    internal const string Subject = "signed envelope";
    private const byte Version = 1;
    private const int MaxContextLength = 128;

    /// <summary>Signs a statement.</summary>
    public static SignedEnvelope Create(IEnvelopeSigner signer, string context, ReadOnlySpan<byte> payload)
    {
        ArgumentNullException.ThrowIfNull(signer);
        return new SignedEnvelope(context, signer.KeyId, payload.ToArray(), signer.Sign(context, payload));
    }

    /// <summary>What is signed: <c>PersonaTune/envelope/1</c>, the context and the payload, each after its length in four bytes.</summary>
    /// <exception cref="SigningException">The context is not 1 to 128 printable ASCII characters, or the payload is too large.</exception>
    public static byte[] Message(string context, ReadOnlySpan<byte> payload)
    {
        ArgumentNullException.ThrowIfNull(context);
        CheckContext(context);
        if (payload.Length > MaxPayload) throw TooLarge(payload.Length);
        using var writer = new SealWriter();
        writer.WriteText("PersonaTune/envelope/1");
        writer.WriteText(context);
        writer.WriteField(payload);
        return writer.ToArray();
    }

    /// <summary>The envelope's bytes.</summary>
    public byte[] Encode()
    {
        CheckContext(Context);
        using var writer = new SealWriter();
        writer.WriteFixed("PTSE"u8);
        writer.WriteByte(Version);
        writer.WriteText(Context);
        writer.WriteFixed(KeyId.ToArray());
        writer.WriteField(Payload.Span);
        writer.WriteFixed(Signature.Span);
        return writer.ToArray();
    }

    /// <summary>Reads an envelope. Nothing in it is to be believed before <see cref="EnvelopeVerifier.Verify"/> returned.</summary>
    /// <exception cref="SigningException">It has another form.</exception>
    public static SignedEnvelope Parse(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var reader = new SealReader(bytes, Subject);
            if (!reader.ReadFixed(4).SequenceEqual("PTSE"u8)) throw Malformed("it does not start with PTSE");
            if (reader.ReadByte() is var version && version != Version)
                throw new SigningException(SigningFault.UnsupportedVersion, Subject,
                    $"its version is {version}, expected {Version}; update PersonaTune");
            var context = reader.ReadText();
            CheckContext(context);
            var keyId = new Sha256Digest(reader.ReadFixed(Sha256Digest.Length));
            var payload = reader.ReadField();
            if (payload.Length > MaxPayload) throw TooLarge(payload.Length);
            var signature = reader.ReadFixed(SignatureLength);
            reader.End();
            return new SignedEnvelope(context, keyId, payload.ToArray(), signature.ToArray());
        }
        catch (SealException e)
        {
            throw new SigningException(SigningFault.Malformed, Subject, e.Problem, e);
        }
    }

    private static void CheckContext(string context)
    {
        if (context.Length is 0 or > MaxContextLength || context.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            throw Malformed($"its context is not 1 to {MaxContextLength} printable ASCII characters");
    }

    private static SigningException Malformed(string problem) =>
        new(SigningFault.Malformed, Subject, problem + "; it was altered or made by something else");

    private static SigningException TooLarge(int length) => new(SigningFault.TooLarge, Subject,
        $"its payload has {length} bytes, expected at most {MaxPayload}");
}
