using PersonaTune.Device.Keys;
using PersonaTune.Device.Storage;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Device.Consent;

/// <summary>
/// A user's consent, signed by the device's key (ECDSA P-256, SHA-256) over one canonical encoding: mark, identity 16, user,
/// purpose 1, collection, base model digest, epsilon a day 8, epsilon in all 8, issued 8, expires 8 (UTC ticks); texts and digest
/// are preceded by their length in four bytes, numbers are little-endian.
/// </summary>
public sealed class ConsentReceipt
{
    private const string Mark = "PersonaTune/consent/1";
    private readonly byte[] _encoded;

    private ConsentReceipt(RecordId id, ConsentTerms terms, DateTimeOffset issued, byte[] encoded, byte[] signature)
    {
        Id = id;
        Terms = terms;
        Issued = issued;
        _encoded = encoded;
        Signature = signature;
    }

    /// <summary>The receipt's random identity.</summary>
    public RecordId Id { get; }

    /// <summary>What the user agreed to.</summary>
    public ConsentTerms Terms { get; }

    /// <summary>When.</summary>
    public DateTimeOffset Issued { get; }

    /// <summary>The canonical encoding, which is what is signed.</summary>
    public ReadOnlyMemory<byte> Encoded => _encoded;

    /// <summary>The signature (64 bytes).</summary>
    public ReadOnlyMemory<byte> Signature { get; }

    /// <summary>Issues and signs a receipt now.</summary>
    /// <exception cref="ArgumentException">A name is malformed, a limit is negative or no number, or the expiry is past.</exception>
    public static ConsentReceipt Issue(ConsentTerms terms, DeviceIdentity identity, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(terms);
        ArgumentNullException.ThrowIfNull(identity);
        ArgumentNullException.ThrowIfNull(time);
        var now = time.GetUtcNow();
        Check(terms);
        if (terms.Expires <= now) throw new ArgumentException($"the consent would expire at {terms.Expires:O}, which is past; choose a later time", nameof(terms));
        return Sign(terms, identity, now);
    }

    /// <summary>A receipt that expired when it was issued: it names what is refused and never covers anything.</summary>
    internal static ConsentReceipt IssueRefusal(ConsentTerms terms, DeviceIdentity identity)
    {
        Check(terms);
        return Sign(terms, identity, terms.Expires);
    }

    /// <summary>Reads a receipt and verifies its signature by <paramref name="publicKey"/> (DER SubjectPublicKeyInfo).</summary>
    /// <exception cref="TamperedException">The encoding is malformed or the signature is not that of the key.</exception>
    public static ConsentReceipt Read(ReadOnlySpan<byte> encoded, ReadOnlySpan<byte> signature, ReadOnlySpan<byte> publicKey)
    {
        const string Subject = "consent receipt";
        if (!DeviceIdentity.Verify(publicKey, encoded, signature))
            throw new TamperedException(Subject, "its signature is not that of this device's key; it was altered or issued by another device");
        var reader = new SealReader(encoded, Subject);
        if (!string.Equals(reader.ReadText(), Mark, StringComparison.Ordinal)) throw new TamperedException(Subject, "it is no consent receipt");
        var id = RecordId.Read(reader.ReadFixed(RecordId.Length));
        var user = reader.ReadText();
        var purpose = (ConsentPurpose)reader.ReadByte();
        var collection = reader.ReadText();
        var digest = reader.ReadField().ToArray();
        var (perDay, total) = (reader.ReadDouble(), reader.ReadDouble());
        var (issued, expires) = (Time(reader.ReadInt64()), Time(reader.ReadInt64()));
        reader.End();
        var terms = new ConsentTerms(user, purpose, collection, digest, perDay, total, expires);
        if (Problem(terms) is { } problem) throw new TamperedException(Subject, problem);
        return new ConsentReceipt(id, terms, issued, encoded.ToArray(), signature.ToArray());

        static DateTimeOffset Time(long ticks) => ticks >= 0 && ticks <= DateTimeOffset.MaxValue.Ticks
            ? new DateTimeOffset(ticks, TimeSpan.Zero)
            : throw new TamperedException(Subject, "a time is out of range");
    }

    private static ConsentReceipt Sign(ConsentTerms terms, DeviceIdentity identity, DateTimeOffset now)
    {
        terms = terms with { Expires = terms.Expires.ToUniversalTime() };
        var id = RecordId.Create();
        var encoded = Encode(id, terms, now);
        return new ConsentReceipt(id, terms, now, encoded, identity.Sign(encoded));
    }

    private static void Check(ConsentTerms terms)
    {
        StoreNames.Check(terms.User, nameof(terms));
        StoreNames.Check(terms.Collection, nameof(terms));
        if (Problem(terms) is { } problem) throw new ArgumentException(problem, nameof(terms));
    }

    private static string? Problem(ConsentTerms terms)
    {
        if (!Enum.IsDefined(terms.Purpose)) return $"its purpose {(byte)terms.Purpose} is unknown";
        if (terms.BaseModelDigest.Length is not (0 or 32)) return $"its base model digest has {terms.BaseModelDigest.Length} bytes, expected 32 or none";
        if (!(terms.EpsilonPerDay >= 0 && terms.EpsilonTotal >= 0) || !double.IsFinite(terms.EpsilonPerDay + terms.EpsilonTotal))
            return $"its limits {terms.EpsilonPerDay} a day and {terms.EpsilonTotal} in all are no finite numbers of 0 or more";
        return null;
    }

    private static byte[] Encode(RecordId id, ConsentTerms terms, DateTimeOffset issued)
    {
        using var writer = new SealWriter();
        writer.WriteText(Mark);
        writer.WriteFixed(id.ToArray());
        writer.WriteText(terms.User);
        writer.WriteByte((byte)terms.Purpose);
        writer.WriteText(terms.Collection);
        writer.WriteField(terms.BaseModelDigest.Span);
        writer.WriteDouble(terms.EpsilonPerDay);
        writer.WriteDouble(terms.EpsilonTotal);
        writer.WriteInt64(issued.UtcTicks);
        writer.WriteInt64(terms.Expires.UtcTicks);
        return writer.ToArray();
    }
}
