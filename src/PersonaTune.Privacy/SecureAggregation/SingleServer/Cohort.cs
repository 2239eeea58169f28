using System.Security.Cryptography;
using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.SecureAggregation.Messages;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.SingleServer;

/// <summary>
/// U1: the devices of the roster that opened their nonces, numbered in ascending order of ids, on the graph that the nonces fix.
/// Server and devices compute it alike; <see cref="View"/> is the digest of everything it follows from.
/// <para>
/// A device that does not open leaves, and the order is drawn among the others. So devices that collude may choose between as many
/// orders as there are sets of them; under the assumption that the server follows the protocol nobody gains by it.
/// </para>
/// </summary>
internal sealed class Cohort
{
    private readonly int[]?[] _neighbours; // filled on demand, also by threads that race to the same value

    private Cohort(RosterEntry[] members, NeighbourGraph graph, byte[] view, int rosterSize, RoundConfiguration configuration)
    {
        Members = members;
        Ids = [.. members.Select(member => member.Id)];
        Graph = graph;
        _neighbours = new int[members.Length][];
        View = view;
        Threshold = graph.IsComplete && members.Length >= 3
            ? Math.Min(configuration.Threshold, GraphParameters.Complete(members.Length).Threshold)
            : configuration.Threshold;
        Quorum = configuration.Quorum(rosterSize);
    }

    public IReadOnlyList<RosterEntry> Members { get; }

    public IReadOnlyList<DeviceId> Ids { get; }

    public NeighbourGraph Graph { get; }

    public byte[] View { get; }

    /// <summary>
    /// t. In a complete graph it follows the cohort's size down to floor(2n/3) + 1, because the configured one is chosen before it is
    /// known who comes.
    /// </summary>
    public int Threshold { get; }

    /// <summary>
    /// The signatures that a consistency certificate needs, of the whole roster's size: two certificates always share an honest
    /// device.
    /// </summary>
    public int Quorum { get; }

    public static Cohort Build(Roster roster, OpeningsBody openings, SessionId session, RoundConfiguration configuration)
    {
        var opened = openings.Opened;
        if (opened.Universe != roster.Entries.Count)
        {
            throw Refuse(
                RefusalReason.Malformed,
                $"expected the openings of {roster.Entries.Count} devices, got {opened.Universe}; leave the round");
        }

        if (opened.Count < configuration.MinimumDevices)
        {
            throw Refuse(
                RefusalReason.RosterTooSmall,
                $"expected at least {configuration.MinimumDevices} devices, {opened.Count} opened; wait for a larger cohort");
        }

        var members = opened.Members().Select(index => roster.Entries[index]).ToArray();
        for (var i = 0; i < members.Length; i++)
        {
            if (!Commitment.ToNonce(session, members[i].Id, openings.Nonces[i]).AsSpan().SequenceEqual(members[i].Body.NonceCommitment))
            {
                throw Refuse(
                    RefusalReason.NonceMismatch, $"the nonce of {members[i].Id} does not fit its commitment; leave the round",
                    members[i].Id);
            }
        }

        var seed = NeighbourGraph.Seed(openings.Nonces.Select(nonce => (ReadOnlyMemory<byte>)nonce), roster.Root);
        var graph = new NeighbourGraph(seed, members.Length, configuration.Degree);
        var cohort = new Cohort(members, graph, ViewOf(roster, openings), roster.Entries.Count, configuration);
        if (cohort.Threshold > graph.Degree)
        {
            throw Refuse(
                RefusalReason.ThresholdTooLow,
                $"{graph.Degree} neighbours cannot reach the threshold {cohort.Threshold}; configure a larger cohort");
        }

        return cohort;
    }

    /// <summary>The neighbours of a member in ascending order; sorted once.</summary>
    public int[] Neighbours(int member) => _neighbours[member] ??= Graph.Neighbours(member);

    /// <summary>
    /// The position of the share of <paramref name="owner"/>'s secrets that <paramref name="holder"/> holds; 0 if it is no
    /// neighbour.
    /// </summary>
    public int Position(int owner, int holder) => Math.Max(0, Array.BinarySearch(Neighbours(owner), holder) + 1);

    /// <summary>The number of <paramref name="id"/>, or -1.</summary>
    public int IndexOf(DeviceId id)
    {
        var (low, high) = (0, Ids.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var order = Ids[middle].CompareTo(id);
            if (order == 0) return middle;
            if (order < 0) low = middle + 1;
            else high = middle - 1;
        }

        return -1;
    }

    private static byte[] ViewOf(Roster roster, OpeningsBody openings)
    {
        using var writer = new SealWriter();
        writer.WriteFixed("PT-SA/1 view"u8);
        writer.WriteFixed(roster.Root);
        openings.Write(writer);
        return SHA256.HashData(writer.Written);
    }

    private static RefusalException Refuse(RefusalReason reason, string problem, params DeviceId[] culprits) =>
        new(reason, "cohort", problem, culprits: culprits);
}
