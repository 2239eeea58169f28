using System.Security.Cryptography;

namespace PersonaTune.Privacy.SecureAggregation;

/// <summary>
/// A commitment to an ordered list (RFC 6962, section 2.1, with SHA-256): a leaf is hashed behind a byte 0, two subtrees behind
/// a byte 1, so that no inner node passes for a leaf. A list splits at the largest power of two below its length. The root says
/// nothing about the length: commit to that too where it matters. Immutable and thread-safe.
/// </summary>
public sealed class MerkleTree
{
    /// <summary>Bytes of a root.</summary>
    public const int HashLength = 32;

    // Level 0 holds the leaves; a last node without a partner moves up as it is, which gives RFC 6962's splits.
    private readonly List<byte[][]> _levels = [];

    /// <summary>Builds the tree over <paramref name="leaves"/>, which are hashed and not kept.</summary>
    public MerkleTree(IReadOnlyList<ReadOnlyMemory<byte>> leaves)
    {
        ArgumentNullException.ThrowIfNull(leaves);
        Count = leaves.Count;
        var level = leaves.Select(leaf => HashLeaf(leaf.Span)).ToArray();
        _levels.Add(level);
        while (level.Length > 1)
        {
            var above = new byte[(level.Length + 1) / 2][];
            for (var i = 0; i < above.Length; i++)
                above[i] = 2 * i + 1 < level.Length ? HashNode(level[2 * i], level[2 * i + 1]) : level[2 * i];
            _levels.Add(level = above);
        }
    }

    /// <summary>The number of leaves.</summary>
    public int Count { get; }

    /// <summary>The root; for no leaves the hash of nothing.</summary>
    public byte[] Root => Count == 0 ? SHA256.HashData([]) : [.. _levels[^1][0]];

    /// <summary>The root over <paramref name="leaves"/>.</summary>
    public static byte[] RootOf(IReadOnlyList<ReadOnlyMemory<byte>> leaves) => new MerkleTree(leaves).Root;

    /// <summary>The hashes beside the path from leaf <paramref name="index"/> to the root, leaf side first.</summary>
    public byte[][] Proof(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        var proof = new List<byte[]>();
        foreach (var level in _levels.Take(_levels.Count - 1))
        {
            if ((index ^ 1) < level.Length) proof.Add([.. level[index ^ 1]]);
            index /= 2;
        }

        return [.. proof];
    }

    /// <summary>
    /// Whether <paramref name="proof"/> shows that <paramref name="leaf"/> is number <paramref name="index"/> of
    /// <paramref name="count"/> leaves under <paramref name="root"/>.
    /// </summary>
    public static bool Verify(ReadOnlySpan<byte> root, ReadOnlySpan<byte> leaf, int index, int count, IReadOnlyList<byte[]> proof)
    {
        ArgumentNullException.ThrowIfNull(proof);
        if (index < 0 || index >= count) return false;
        var hash = HashLeaf(leaf);
        var used = 0;
        for (var width = count; width > 1; width = (width + 1) / 2, index /= 2)
        {
            if ((index ^ 1) >= width) continue;
            if (used == proof.Count || proof[used].Length != HashLength) return false;
            var beside = proof[used++];
            hash = index % 2 == 0 ? HashNode(hash, beside) : HashNode(beside, hash);
        }

        return used == proof.Count && root.SequenceEqual(hash);
    }

    private static byte[] HashLeaf(ReadOnlySpan<byte> leaf)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData([0]);
        hash.AppendData(leaf);
        return hash.GetHashAndReset();
    }

    private static byte[] HashNode(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        Span<byte> node = stackalloc byte[1 + 2 * HashLength];
        node[0] = 1;
        left.CopyTo(node[1..]);
        right.CopyTo(node[(1 + HashLength)..]);
        return SHA256.HashData(node);
    }
}
