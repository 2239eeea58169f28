using System.Buffers.Binary;
using System.Security.Cryptography;
using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.Messages;

/// <summary>
/// A message as it travels: header {"PTSA", version, type, sid, sender, body length}, body, signature over
/// SHA-256("PT-SA/1/" || name of the type || header || body). Parsing checks the frame, not the signature. Immutable.
/// </summary>
public sealed class SignedMessage
{
    /// <summary>Bytes before the body.</summary>
    public const int HeaderLength = 4 + 1 + 1 + SessionId.Length + DeviceId.Length + 4;

    /// <summary>Bytes around the body.</summary>
    public const int Overhead = HeaderLength + VerificationKey.SignatureLength;

    private const byte Version = 1;

    private SignedMessage(ReadOnlyMemory<byte> bytes)
    {
        Bytes = bytes;
        var header = bytes.Span;
        Type = (MessageType)header[5];
        Session = SessionId.Read(header.Slice(6, SessionId.Length));
        Sender = DeviceId.Read(header.Slice(6 + SessionId.Length, DeviceId.Length));
        Digest = Hash(Type, bytes.Span[..^VerificationKey.SignatureLength]);
    }

    /// <summary>The whole message.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>What it is.</summary>
    public MessageType Type { get; }

    /// <summary>The session it belongs to.</summary>
    public SessionId Session { get; }

    /// <summary>Who claims to have sent it.</summary>
    public DeviceId Sender { get; }

    /// <summary>What is signed; two messages with one digest say the same.</summary>
    public ReadOnlyMemory<byte> Digest { get; }

    internal ReadOnlyMemory<byte> Body => Bytes[HeaderLength..^VerificationKey.SignatureLength];

    internal ReadOnlyMemory<byte> Signature => Bytes[^VerificationKey.SignatureLength..];

    private static ReadOnlySpan<byte> Magic => "PTSA"u8;

    /// <summary>Reads the frame around a body. The bytes are not copied: leave them as they are.</summary>
    /// <exception cref="RefusalException">Reason <see cref="RefusalReason.Malformed"/>.</exception>
    public static SignedMessage Parse(ReadOnlyMemory<byte> bytes)
    {
        var span = bytes.Span;
        if (span.Length < Overhead) throw Malformed($"expected at least {Overhead} bytes, got {span.Length}; send it again");
        if (!span.StartsWith(Magic)) throw Malformed("it does not begin with PTSA; send it again");
        if (span[4] != Version) throw Malformed($"expected version {Version}, got {span[4]}; update the older side");
        if (!Enum.IsDefined((MessageType)span[5])) throw Malformed($"type {span[5]} is unknown; update the older side");
        var length = BinaryPrimitives.ReadUInt32LittleEndian(span[(HeaderLength - 4)..]);
        if (length != span.Length - Overhead)
            throw Malformed($"its header states {length} bytes of body, got {span.Length - Overhead}; send it again");
        return new SignedMessage(bytes);
    }

    internal static SignedMessage Create(MessageType type, SessionId session, ReadOnlySpan<byte> body, IMessageSigner signer)
    {
        var bytes = new byte[Overhead + body.Length];
        WriteHeader(type, session, signer.Id, body.Length, bytes);
        body.CopyTo(bytes.AsSpan(HeaderLength));
        var signature = signer.Sign(Hash(type, bytes.AsSpan(0, HeaderLength + body.Length)));
        if (signature.Length != VerificationKey.SignatureLength)
        {
            throw new ArgumentException(
                $"the signer gave {signature.Length} bytes, expected {VerificationKey.SignatureLength} in fixed-length form",
                nameof(signer));
        }

        signature.CopyTo(bytes.AsSpan(HeaderLength + body.Length));
        return new SignedMessage(bytes);
    }

    /// <summary>
    /// The digest that <paramref name="sender"/> signs for a body that is known, so that only its signature has to travel.
    /// </summary>
    internal static byte[] DigestOf(MessageType type, SessionId session, DeviceId sender, ReadOnlySpan<byte> body)
    {
        var bytes = new byte[HeaderLength + body.Length];
        WriteHeader(type, session, sender, body.Length, bytes);
        body.CopyTo(bytes.AsSpan(HeaderLength));
        return Hash(type, bytes);
    }

    /// <summary>Throws unless the message was sent by the party that <paramref name="verifier"/> stands for.</summary>
    /// <exception cref="RefusalException">Reason <see cref="RefusalReason.WrongSignature"/>.</exception>
    public void EnsureSignedBy(IMessageVerifier verifier)
    {
        ArgumentNullException.ThrowIfNull(verifier);
        if (verifier.Id != Sender || !verifier.Verify(Digest.Span, Signature.Span))
        {
            throw new RefusalException(
                RefusalReason.WrongSignature, $"{Type} of {Sender}",
                "the signature does not verify; it was altered or sent by somebody else, drop it");
        }
    }

    private static void WriteHeader(MessageType type, SessionId session, DeviceId sender, int bodyLength, Span<byte> bytes)
    {
        Magic.CopyTo(bytes);
        bytes[4] = Version;
        bytes[5] = (byte)type;
        session.ToArray().CopyTo(bytes[6..]);
        sender.ToArray().CopyTo(bytes[(6 + SessionId.Length)..]);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[(HeaderLength - 4)..], bodyLength);
    }

    private static byte[] Hash(MessageType type, ReadOnlySpan<byte> headerAndBody)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData("PT-SA/1/"u8);
        hash.AppendData(Name(type));
        hash.AppendData(headerAndBody);
        return hash.GetHashAndReset();
    }

    // The names are part of the protocol; Enum.ToString would tie them to the source.
    private static ReadOnlySpan<byte> Name(MessageType type) => type switch
    {
        MessageType.Offer => "offer"u8,
        MessageType.Advertise => "advertise"u8,
        MessageType.Roster => "roster"u8,
        MessageType.Open => "open"u8,
        MessageType.Openings => "openings"u8,
        MessageType.Share => "share"u8,
        MessageType.Boxes => "boxes"u8,
        MessageType.Input => "input"u8,
        MessageType.Survivors => "survivors"u8,
        MessageType.Consistency => "consistency"u8,
        MessageType.UnmaskRequest => "unmask-request"u8,
        MessageType.Unmask => "unmask"u8,
        MessageType.SealedSeed => "sealed-seed"u8,
        MessageType.Proposal => "proposal"u8,
        MessageType.MaskSum => "mask-sum"u8,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "no message type"),
    };

    private static RefusalException Malformed(string problem) => new(RefusalReason.Malformed, "message", problem);
}
