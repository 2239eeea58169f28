using System.Security.Cryptography;
using FsCheck;
using FsCheck.Fluent;
using PersonaTune.Privacy.SecureAggregation;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Primitives;

public class MerkleTreeTests
{
    // The test leaves and roots of the Certificate Transparency reference implementation.
    private static readonly string[] Leaves =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

    [Theory]
    [InlineData(0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData(1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d")]
    [InlineData(2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125")]
    [InlineData(3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77")]
    [InlineData(4, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7")]
    [InlineData(5, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4")]
    [InlineData(6, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef")]
    [InlineData(7, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c")]
    [InlineData(8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328")]
    public void Roots_equal_those_of_certificate_transparency(int count, string root) =>
        Assert.Equal(root, Convert.ToHexStringLower(MerkleTree.RootOf([.. Leaves.Take(count).Select(l => (ReadOnlyMemory<byte>)Convert.FromHexString(l))])));

    [Fact]
    public void The_root_follows_the_recursive_definition()
    {
        for (var count = 1; count <= 70; count++) Assert.Equal(Root(Numbers(count)), MerkleTree.RootOf(Numbers(count)));
    }

    [Fact]
    public void Every_leaf_has_a_proof_that_shows_this_leaf_at_this_place_only() =>
        Prop.ForAll(Gen.Choose(1, 70).ToArbitrary(), ArbMap.Default.ArbFor<int>(), (count, seed) =>
        {
            var index = (int)((uint)seed % (uint)count);
            var leaves = Numbers(count);
            var tree = new MerkleTree(leaves);
            var (root, proof) = (tree.Root, tree.Proof(index));
            return MerkleTree.Verify(root, leaves[index].Span, index, count, proof)
                && !MerkleTree.Verify(root, [0xFF], index, count, proof)
                && Enumerable.Range(-1, count + 2).All(i => i == index || !MerkleTree.Verify(root, leaves[index].Span, i, count, proof))
                && !MerkleTree.Verify(root, leaves[index].Span, index, count, [.. proof, new byte[32]])
                && (proof.Length == 0 || !MerkleTree.Verify(root, leaves[index].Span, index, count, proof[1..]))
                && (proof.Length == 0 || !MerkleTree.Verify(root, leaves[index].Span, index, count, [proof[0][1..], .. proof[1..]]))
                && Enumerable.Range(0, proof.Length).All(i => !MerkleTree.Verify(root, leaves[index].Span, index, count, Altered(proof, i)));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void An_inner_node_does_not_pass_for_a_leaf()
    {
        var leaves = Numbers(4);
        var root = MerkleTree.RootOf(leaves);
        var left = (byte[])[.. Leaf(leaves[0].Span), .. Leaf(leaves[1].Span)];
        var right = Node(Leaf(leaves[2].Span), Leaf(leaves[3].Span));
        Assert.False(MerkleTree.Verify(root, left, 0, 2, [right]));
        Assert.False(MerkleTree.Verify(root, (byte[])[1, .. left], 0, 2, [right]));
        Assert.NotEqual(root, MerkleTree.RootOf([left, (byte[])[.. Leaf(leaves[2].Span), .. Leaf(leaves[3].Span)]]));
    }

    [Fact]
    public void A_repeated_last_leaf_is_another_list() =>
        Assert.NotEqual(MerkleTree.RootOf(Numbers(3)), MerkleTree.RootOf([.. Numbers(3), Numbers(3)[2]]));

    [Fact]
    public void A_proof_of_nothing_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new MerkleTree([]).Proof(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new MerkleTree(Numbers(3)).Proof(3));
        Assert.Throws<ArgumentOutOfRangeException>(() => new MerkleTree(Numbers(3)).Proof(-1));
    }

    private static ReadOnlyMemory<byte>[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(i => (ReadOnlyMemory<byte>)new[] { (byte)i })];

    private static byte[][] Altered(byte[][] proof, int at) =>
        [.. proof.Select((hash, i) => i == at ? [(byte)(hash[0] ^ 1), .. hash[1..]] : hash)];

    // RFC 6962, section 2.1, word by word.
    private static byte[] Root(ReadOnlyMemory<byte>[] leaves)
    {
        if (leaves.Length == 1) return Leaf(leaves[0].Span);
        var split = 1;
        while (2 * split < leaves.Length) split *= 2;
        return Node(Root(leaves[..split]), Root(leaves[split..]));
    }

    private static byte[] Leaf(ReadOnlySpan<byte> leaf) => SHA256.HashData((byte[])[0, .. leaf]);

    private static byte[] Node(byte[] left, byte[] right) => SHA256.HashData((byte[])[1, .. left, .. right]);
}
