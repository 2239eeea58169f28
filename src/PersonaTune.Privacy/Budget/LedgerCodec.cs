using System.Security.Cryptography;
using PersonaTune.Privacy.Accounting;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.Budget;

/// <summary>
/// An entry is: mark, index 8, kind 1, UTC ticks 8, hash of the entry before 32 (zeros for the first), purpose, reference, encoded event; its
/// hash is SHA-256 of the same bytes. Texts and the event are preceded by their length in four bytes; numbers are little-endian.
/// </summary>
internal static class LedgerCodec
{
    public const int HashBytes = 32;
    private const string Mark = "PersonaTune/privacy ledger/1";

    public static byte[] Encode(long index, LedgerEntryKind kind, DateTimeOffset time, ReadOnlySpan<byte> previousHash, string purpose, string reference,
        PrivacyEvent privacyEvent)
    {
        using var writer = new SealWriter();
        writer.WriteText(Mark);
        writer.WriteInt64(index);
        writer.WriteByte((byte)kind);
        writer.WriteInt64(time.UtcTicks);
        writer.WriteFixed(previousHash);
        writer.WriteText(purpose);
        writer.WriteText(reference);
        writer.WriteField(PrivacyEventCodec.Encode(privacyEvent));
        return writer.ToArray();
    }

    /// <summary>Reads the entry that must be number <paramref name="index"/> and follow <paramref name="previousHash"/>.</summary>
    public static LedgerEntry Decode(long index, ReadOnlySpan<byte> previousHash, ReadOnlySpan<byte> encoded)
    {
        var subject = $"privacy ledger entry {index}";
        var reader = new SealReader(encoded, subject);
        if (!string.Equals(reader.ReadText(), Mark, StringComparison.Ordinal)) throw new TamperedException(subject, "it is no ledger entry");
        var stated = reader.ReadInt64();
        var kind = (LedgerEntryKind)reader.ReadByte();
        var ticks = reader.ReadInt64();
        var link = reader.ReadFixed(HashBytes);
        var purpose = reader.ReadText();
        var reference = reader.ReadText();
        var privacyEvent = reader.ReadField();
        reader.End();
        if (stated != index || !link.SequenceEqual(previousHash))
            throw new TamperedException(subject, "it does not follow the entry before it; an entry is missing or was exchanged: restore the ledger from a copy");
        if (!Enum.IsDefined(kind) || ticks < 0 || ticks > DateTimeOffset.MaxValue.Ticks) throw new TamperedException(subject, "its kind or time is unknown");
        return new LedgerEntry(index, kind, new DateTimeOffset(ticks, TimeSpan.Zero), purpose, reference, PrivacyEventCodec.Decode(privacyEvent),
            SHA256.HashData(encoded));
    }
}
