using System.Security.Cryptography;
using PersonaTune.Privacy.SecureAggregation.Messages;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.SingleServer;

/// <summary>
/// Takes the masks out of a sum of masked reports: the own mask of each survivor, from its seed, and what it shares with each
/// neighbour that dropped out, from that one's private mask key. Each secret comes out of shares and is checked against what its
/// owner published before it is used.
/// </summary>
internal sealed class MaskRemoval
{
    private readonly SessionId _session;
    private readonly Cohort _cohort;
    private readonly MemberSet _alive;
    private readonly int _threads;
    private readonly SortedDictionary<int, List<(int Holder, KeyShare Share)>> _shares = []; // by owner

    public MaskRemoval(SessionId session, Cohort cohort, MemberSet alive, MemberSet dropped, int threads)
    {
        foreach (var member in alive.Members())
        {
            if (dropped[member])
            {
                throw new RefusalException(
                    RefusalReason.AliveAndDropped, "unmasking",
                    $"{cohort.Ids[member]} counts as alive and as dropped, and both of its secrets would be revealed; abandon the round");
            }
        }

        (_session, _cohort, _alive, _threads) = (session, cohort, alive, threads);
        foreach (var member in alive.Members()) _shares[member] = [];
        // The mask key of a device all of whose neighbours dropped out too masks nothing in the sum.
        foreach (var member in dropped.Members())
        {
            if (cohort.Neighbours(member).Any(neighbour => alive[neighbour])) _shares[member] = [];
        }
    }

    /// <summary>Adds a share of the kind that its owner's fate asks for.</summary>
    public void Add(ShareRequest request, int holder, KeyShare share)
    {
        if (!_shares.TryGetValue(request.Owner, out var shares)) return;
        if (request.Kind != KindOf(request.Owner))
            throw new ArgumentException(
                $"member {request.Owner} needs a {KindOf(request.Owner)} share, got {request.Kind}", nameof(request));
        shares.Add((holder, share));
    }

    /// <summary>Removes the masks from <paramref name="sum"/> and names the devices whose shares were false.</summary>
    /// <exception cref="RefusalException">A secret cannot be recovered; the sum is unchanged.</exception>
    public IReadOnlyList<DeviceId> Apply(Span<uint> sum, Func<int, byte[]> seedCommitment)
    {
        var owners = _shares.Keys.ToArray();
        var keys = new byte[owners.Length][]; // (owners), mask keys of 32 bytes one after the other
        var signs = new sbyte[owners.Length][];
        var recovery = new SecretRecovery(_cohort);
        byte[]?[] secrets = new byte[owners.Length][];
        try
        {
            for (var i = 0; i < owners.Length; i++)
                secrets[i] = recovery.Recover(owners[i], KindOf(owners[i]), _shares[owners[i]], Check(owners[i], seedCommitment));
            Parallel.For(0, owners.Length, new ParallelOptions { MaxDegreeOfParallelism = _threads }, i => (keys[i], signs[i]) = Masks(
                owners[i], secrets[i]!));
            var (allKeys, allSigns) = (keys.SelectMany(key => key).ToArray(), signs.SelectMany(sign => sign).ToArray());
            MaskStream.AddMany(allKeys, allSigns, sum, threads: _threads);
            CryptographicOperations.ZeroMemory(allKeys);
            return [.. recovery.Culprits.Select(member => _cohort.Ids[member])];
        }
        finally
        {
            foreach (var secret in secrets) CryptographicOperations.ZeroMemory(secret);
            foreach (var key in keys) CryptographicOperations.ZeroMemory(key);
        }
    }

    private ShareKind KindOf(int owner) => _alive[owner] ? ShareKind.Seed : ShareKind.MaskKey;

    private Predicate<byte[]> Check(int owner, Func<int, byte[]> seedCommitment) => KindOf(owner) == ShareKind.Seed
        ? secret => Commitment.ToSeed(_session, _cohort.Ids[owner], secret).AsSpan().SequenceEqual(seedCommitment(owner))
        : secret => EphemeralKey.Matches(secret, _cohort.Members[owner].Body.MaskKey);

    private (byte[] Keys, sbyte[] Signs) Masks(int owner, byte[] secret)
    {
        if (_alive[owner]) return ([.. secret], [-1]);
        var (sid, own) = (_session.ToArray(), _cohort.Members[owner].IdBytes);
        var survivors = _cohort.Neighbours(owner).Where(neighbour => _alive[neighbour]).ToArray();
        var (keys, signs) = (new byte[survivors.Length * MaskStream.KeyLength], new sbyte[survivors.Length]);
        using var maskKey = EphemeralKey.FromScalar(secret);
        for (var i = 0; i < survivors.Length; i++)
        {
            var peer = _cohort.Members[survivors[i]];
            using var key = PairwiseKeys.MaskKey(maskKey, peer.Body.MaskKey, sid, own, peer.IdBytes);
            key.Bytes.CopyTo(keys.AsSpan(i * MaskStream.KeyLength));
            // The survivor applied the mask with its own sign towards the one that dropped out; the opposite takes it away.
            signs[i] = PairwiseKeys.Sign(own, peer.IdBytes);
        }

        return (keys, signs);
    }
}
