using System.Security.Cryptography;
using PersonaTune.Privacy.SecureAggregation.Messages;

namespace PersonaTune.Privacy.SecureAggregation.SingleServer;

/// <summary>
/// Secrets from shares of which some may be false. First the plain way, which also tests the shares that it did not need; if the result does not fit
/// what the owner published, decoding up to half of the surplus shares as errors; then a search for threshold shares that fit, which can go further because the right
/// secret is recognised.
/// </summary>
internal sealed class SecretRecovery(Cohort cohort)
{
    private const int Attempts = 2_000; // at 60 us for the check of a mask key, about 0.1 s

    private readonly ShamirCombiner _combiner = new();
    private readonly SortedSet<int> _culprits = [];

    /// <summary>The members whose shares turned out to be false, ascending.</summary>
    public IReadOnlyCollection<int> Culprits => _culprits;

    /// <summary>The secret of <paramref name="owner"/>; the caller zeroes it.</summary>
    /// <exception cref="RefusalException">Too few shares, or too many false ones; if the owner itself dealt wrong shares, it is
    /// named.</exception>
    public byte[] Recover(int owner, ShareKind kind, IReadOnlyList<(int Holder, KeyShare Share)> shares, Predicate<byte[]> isRight)
    {
        var subject = $"{kind} secret of {cohort.Ids[owner]}";
        if (shares.Count < cohort.Threshold)
        {
            throw new RefusalException(
                RefusalReason.TooFewShares, subject, $"expected at least {cohort.Threshold} shares, got {shares.Count}; abandon the round");
        }

        var all = shares.Select(pair => pair.Share).ToArray();
        if (TryCombine(all, isRight) is { } secret)
        {
            NameSurplus(shares, all, secret);
            return secret;
        }

        if (TryDecode(all, isRight, out var falsePositions, out var ownerAtFault) is { } decoded)
        {
            foreach (var (holder, share) in shares)
                if (falsePositions.Contains(share.X)) _culprits.Add(holder);
            return decoded;
        }

        if (!ownerAtFault && TrySearch(shares, isRight) is { } found) return found;
        throw new RefusalException(
            RefusalReason.BadShares, subject,
            ownerAtFault ? "its shares agree on another secret than the one it committed to; abandon the round without this device"
                : $"the {shares.Count} shares do not give it and too many are false to tell which; abandon the round",
            culprits: ownerAtFault ? [cohort.Ids[owner]] : []);
    }

    // The secret is known from the first shares; one of the others is false if, in the place of one of the first, it gives another secret.
    private void NameSurplus(IReadOnlyList<(int Holder, KeyShare Share)> shares, KeyShare[] all, byte[] secret)
    {
        var chosen = all[..cohort.Threshold];
        for (var i = cohort.Threshold; i < all.Length; i++)
        {
            chosen[^1] = all[i];
            if (TryCombine(chosen, other => CryptographicOperations.FixedTimeEquals(other, secret)) is { } same) CryptographicOperations.ZeroMemory(same);
            else _culprits.Add(shares[i].Holder);
        }
    }

    private byte[]? TryCombine(ReadOnlySpan<KeyShare> shares, Predicate<byte[]> isRight)
    {
        try
        {
            return Checked(_combiner.Combine(shares, cohort.Threshold, SharePair.SecretLength), isRight);
        }
        catch (ShareException)
        {
            return null;
        }
    }

    // A clear majority for one polynomial that does not fit the commitment speaks against whoever dealt the shares.
    private byte[]? TryDecode(KeyShare[] shares, Predicate<byte[]> isRight, out int[] falsePositions, out bool ownerAtFault)
    {
        (falsePositions, ownerAtFault) = ([], false);
        try
        {
            var secret = Checked(RobustShamir.Combine(shares, cohort.Threshold, SharePair.SecretLength, out falsePositions), isRight);
            ownerAtFault = secret is null && shares.Length > cohort.Threshold;
            return secret;
        }
        catch (ShareException)
        {
            return null;
        }
    }

    private byte[]? TrySearch(IReadOnlyList<(int Holder, KeyShare Share)> shares, Predicate<byte[]> isRight)
    {
        var candidates = shares.Select(pair => pair.Share).ToArray();
        var random = new Random(1); // nothing secret depends on the order of attempts, and a fixed one makes them repeatable
        for (var attempt = 0; attempt < Attempts && candidates.Length > cohort.Threshold; attempt++)
        {
            random.Shuffle(candidates);
            var chosen = candidates[..cohort.Threshold];
            if (TryCombine(chosen, isRight) is not { } secret) continue;
            foreach (var (holder, share) in shares)
            {
                if (candidates.AsSpan(0, cohort.Threshold).Contains(share)) continue;
                chosen[^1] = share;
                if (TryCombine(chosen, isRight) is { } same) CryptographicOperations.ZeroMemory(same);
                else _culprits.Add(holder);
            }

            return secret;
        }

        return null;
    }

    private static byte[]? Checked(byte[] secret, Predicate<byte[]> isRight)
    {
        if (isRight(secret)) return secret;
        CryptographicOperations.ZeroMemory(secret);
        return null;
    }
}
