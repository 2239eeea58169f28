using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Privacy.SecureAggregation.Messages;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.SingleServer;

/// <summary>The devices of a round in ascending order of ids, and the root that commits to them.</summary>
internal sealed class Roster
{
    public Roster(IReadOnlyList<RosterEntry> entries)
    {
        Entries = entries;
        Root = MerkleTree.RootOf([.. entries.Select(entry => (ReadOnlyMemory<byte>)entry.Leaf())]);
    }

    public IReadOnlyList<RosterEntry> Entries { get; }

    public byte[] Root { get; }

    /// <summary>
    /// What a device accepts as a roster: enough distinct enrolled devices, each with its own valid signature and keys that stand
    /// nowhere else, and itself among them as it advertised.
    /// </summary>
    public static Roster Verify(
        RosterBody body, SignedMessage own, RoundConfiguration configuration, ICertificateValidator certificates, DateTimeOffset now)
    {
        var count = body.Advertisements.Count;
        if (count < configuration.MinimumDevices)
        {
            throw Refuse(
                RefusalReason.RosterTooSmall,
                $"expected at least {configuration.MinimumDevices} devices, got {count}; wait for a larger cohort");
        }

        if (count > configuration.MaximumDevices)
        {
            throw Refuse(
                RefusalReason.Malformed,
                $"expected at most {configuration.MaximumDevices} devices, got {count}; keep to the configuration");
        }

        var entries = new RosterEntry[count];
        for (var i = 0; i < count; i++)
        {
            var advertisement = body.Advertisements[i];
            if (i > 0 && advertisement.Sender == entries[i - 1].Id)
                throw Refuse(
                    RefusalReason.DuplicateIdentity, $"{advertisement.Sender} stands in it twice; leave the round", advertisement.Sender);
            if (i > 0 && advertisement.Sender < entries[i - 1].Id)
                throw Refuse(RefusalReason.Malformed, "its devices are not in ascending order; leave the round");
            entries[i] = RosterEntry.Verify(advertisement, own.Session, configuration, certificates, now);
        }

        CheckOwn(entries, own, configuration);
        CheckKeys(entries);
        return new Roster(entries);
    }

    /// <summary>Throws if an ephemeral key occurs twice, whoever's and in whichever role.</summary>
    private static void CheckKeys(IReadOnlyList<RosterEntry> entries)
    {
        var keys = new HashSet<string>(StringComparer.Ordinal);
        foreach (var entry in entries)
        {
            if (!keys.Add(KeyOf(entry.Body.MaskKey)) || !keys.Add(KeyOf(entry.Body.BoxKey)))
                throw Refuse(RefusalReason.DuplicateKey, $"a key of {entry.Id} stands in it twice; leave the round", entry.Id);
        }
    }

    public static string KeyOf(ReadOnlySpan<byte> publicKey) => Convert.ToBase64String(publicKey);

    private static void CheckOwn(RosterEntry[] entries, SignedMessage own, RoundConfiguration configuration)
    {
        var keys = MessageCodec.Decode<AdvertiseBody>(own, configuration);
        var found = false;
        foreach (var entry in entries)
        {
            if (entry.Id == own.Sender)
            {
                found = entry.Advertisement.Digest.Span.SequenceEqual(own.Digest.Span);
                if (!found)
                {
                    throw Refuse(
                        RefusalReason.ReflectedKey, "the device's own entry differs from what it advertised; leave the round", entry.Id);
                }
            }
            else if (Shares(entry.Body.MaskKey) || Shares(entry.Body.BoxKey))
            {
                throw Refuse(RefusalReason.ReflectedKey, $"{entry.Id} claims a key of this device; leave the round", entry.Id);
            }
        }

        if (!found) throw Refuse(RefusalReason.NotInRoster, "the device itself is missing; leave the round");

        bool Shares(ReadOnlySpan<byte> key) => key.SequenceEqual(keys.MaskKey) || key.SequenceEqual(keys.BoxKey);
    }

    private static RefusalException Refuse(RefusalReason reason, string problem, params DeviceId[] culprits) =>
        new(reason, "roster", problem, culprits: culprits);
}
