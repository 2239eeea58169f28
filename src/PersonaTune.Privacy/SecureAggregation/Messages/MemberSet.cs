using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.Messages;

/// <summary>
/// A set of numbered devices, as a count of all and one bit each (the first in the lowest bit of the first byte; unused bits are
/// zero).
/// </summary>
internal sealed class MemberSet
{
    private readonly bool[] _in;

    public MemberSet(int universe) => _in = new bool[universe];

    public static MemberSet Of(int universe, IEnumerable<int> members)
    {
        var set = new MemberSet(universe);
        foreach (var member in members) set._in[member] = true;
        return set;
    }

    /// <summary>How many devices there are, in the set or not.</summary>
    public int Universe => _in.Length;

    public int Count => _in.Count(member => member);

    public bool this[int member]
    {
        get => _in[member];
        set => _in[member] = value;
    }

    public static long EncodedLength(int universe) => 4 + (universe + 7L) / 8;

    public IEnumerable<int> Members() => Enumerable.Range(0, _in.Length).Where(member => _in[member]);

    public bool IsSubsetOf(MemberSet other) => Universe == other.Universe && Members().All(member => other[member]);

    public bool SameAs(MemberSet other) => _in.AsSpan().SequenceEqual(other._in);

    /// <summary>The Merkle root over the ids of the set's devices in ascending order.</summary>
    public byte[] Root(IReadOnlyList<DeviceId> ids) =>
        MerkleTree.RootOf([.. Members().Select(member => (ReadOnlyMemory<byte>)ids[member].ToArray())]);

    public static MemberSet Read(ref SealReader reader)
    {
        var universe = reader.ReadInt32();
        if (universe is < 0 or > RoundConfiguration.MaximumCohort)
            throw new TamperedException(
                "member set", $"it states {universe} devices, at most {RoundConfiguration.MaximumCohort} are possible; it was altered");
        var bytes = reader.ReadFixed((universe + 7) / 8);
        var set = new MemberSet(universe);
        for (var i = 0; i < universe; i++) set._in[i] = (bytes[i / 8] >> (i % 8) & 1) != 0;
        if (universe % 8 != 0 && bytes[^1] >> (universe % 8) != 0)
            throw new TamperedException("member set", "bits behind the last device are set; it was altered");
        return set;
    }

    public void Write(SealWriter writer)
    {
        var bytes = new byte[(_in.Length + 7) / 8];
        foreach (var member in Members()) bytes[member / 8] |= (byte)(1 << (member % 8));
        writer.WriteInt32(_in.Length);
        writer.WriteFixed(bytes);
    }
}
