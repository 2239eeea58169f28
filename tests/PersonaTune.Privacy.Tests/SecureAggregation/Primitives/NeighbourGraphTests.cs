using System.Security.Cryptography;
using FsCheck;
using FsCheck.Fluent;
using PersonaTune.Privacy.SecureAggregation;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Primitives;

public class NeighbourGraphTests
{
    [Fact]
    public void Neighbourhood_is_symmetric_regular_and_the_ring_window() =>
        Prop.ForAll(Gen.Choose(2, 60).Zip(Gen.Choose(1, 12)).ToArbitrary(), ArbMap.Default.ArbFor<int>(), (sizes, seed) =>
        {
            var (count, half) = sizes;
            var graph = new NeighbourGraph(Seed(seed), count, 2 * half);
            var ring = graph.Ring.ToArray();
            return ring.Order().SequenceEqual(Enumerable.Range(0, count)) && graph.IsComplete == count - 1 <= 2 * half
                && Enumerable.Range(0, count).All(place =>
                {
                    var device = ring[place];
                    var neighbours = graph.Neighbours(device);
                    var window = Enumerable.Range(1, Math.Min(half, count - 1))
                        .SelectMany(d => new[] { ring[(place + d) % count], ring[(place - d + count) % count] })
                        .Where(d => d != device).Distinct().Order();
                    return neighbours.SequenceEqual(window) && neighbours.Length == graph.Degree
                        && Enumerable.Range(0, count).All(other => graph.AreNeighbours(device, other) == neighbours.Contains(other)
                            && graph.AreNeighbours(other, device) == graph.AreNeighbours(device, other)
                            && graph.Position(device, other) == Array.IndexOf(neighbours, other) + 1);
                });
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_order_is_a_fisher_yates_shuffle_of_the_key_stream()
    {
        const int Count = 5000; // more words than one buffer holds
        var seed = Seed(1);
        var ring = Enumerable.Range(0, Count).ToArray();
        using var aes = Aes.Create();
        aes.Key = seed;
        var stream = new byte[16 * Count];
        for (var i = 0; i < Count; i++) (stream[16 * i + 14], stream[16 * i + 15]) = ((byte)(i >> 8), (byte)i);
        stream = aes.EncryptEcb(stream, PaddingMode.None);
        var at = 0;
        for (var last = Count - 1; last > 0; last--)
        {
            ulong word;
            do word = BitConverter.ToUInt32(stream, 4 * at++);
            while (word >= (1UL << 32) / (ulong)(last + 1) * (ulong)(last + 1));
            var chosen = (int)(word % (ulong)(last + 1));
            (ring[last], ring[chosen]) = (ring[chosen], ring[last]);
        }

        Assert.Equal(ring, new NeighbourGraph(seed, Count, 10).Ring.ToArray());
    }

    [Fact]
    public void All_orders_of_four_devices_are_equally_frequent()
    {
        // Chi-square with 23 degrees of freedom over 24,000 fixed seeds: above 57 with a probability of 1e-4.
        const int Runs = 24_000;
        var counts = new Dictionary<int, int>();
        for (var i = 0; i < Runs; i++)
        {
            var order = 0;
            foreach (var device in new NeighbourGraph(Seed(i), 4, 2).Ring) order = order * 4 + device;
            counts[order] = counts.GetValueOrDefault(order) + 1;
        }

        Assert.Equal(24, counts.Count);
        Assert.InRange(counts.Values.Sum(c => Math.Pow(c - Runs / 24.0, 2) / (Runs / 24.0)), 0, 57);
    }

    [Fact]
    public void Every_pair_is_equally_often_neighbours()
    {
        // 20 devices, degree 4: a given pair with probability 4/19 a run; of 190 pairs over 4,000 fixed seeds (842 +- 25.8) none lies
        // outside +-5 deviations, false alarm below 190 x 6e-7 = 1.1e-4.
        const int Runs = 4000;
        var counts = new int[20, 20];
        for (var i = 0; i < Runs; i++)
        {
            var graph = new NeighbourGraph(Seed(~i), 20, 4);
            for (var a = 0; a < 20; a++)
                foreach (var b in graph.Neighbours(a)) counts[a, b]++;
        }

        var (mean, deviation) = (Runs * 4 / 19.0, Math.Sqrt(Runs * 4 / 19.0 * 15 / 19));
        for (var a = 0; a < 20; a++)
            for (var b = a + 1; b < 20; b++) Assert.InRange(counts[a, b], mean - 5 * deviation, mean + 5 * deviation);
    }

    [Fact]
    public void The_seed_hashes_the_nonces_in_order_and_then_the_root()
    {
        byte[] a = [1, 2], b = [3], root = [4, 5];
        Assert.Equal(SHA256.HashData([1, 2, 3, 4, 5]), NeighbourGraph.Seed([a, b], root));
        Assert.NotEqual(NeighbourGraph.Seed([b, a], root), NeighbourGraph.Seed([a, b], root));
    }

    [Fact]
    public void Few_devices_form_a_complete_graph_whatever_the_degree()
    {
        var graph = new NeighbourGraph(Seed(1), 8, 7);
        Assert.True(graph.IsComplete);
        Assert.Equal([0, 1, 2, 4, 5, 6, 7], graph.Neighbours(3));
        Assert.Equal(4, graph.Position(3, 4));
        Assert.Equal(0, graph.Position(3, 3));
        Assert.Equal(7, new NeighbourGraph(Seed(1), 8, 100).Degree);
    }

    [Fact]
    public void Impossible_graphs_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new NeighbourGraph(Seed(1), 10, 5));
        Assert.Throws<ArgumentException>(() => new NeighbourGraph(new byte[31], 10, 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => new NeighbourGraph(Seed(1), 1, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => new NeighbourGraph(Seed(1), 10, 0));
        var graph = new NeighbourGraph(Seed(1), 10, 4);
        Assert.Throws<ArgumentOutOfRangeException>(() => graph.Neighbours(10));
        Assert.Throws<ArgumentOutOfRangeException>(() => graph.Position(0, 10));
        Assert.Throws<ArgumentOutOfRangeException>(() => graph.AreNeighbours(-1, 0));
    }

    private static byte[] Seed(int number) => SHA256.HashData(BitConverter.GetBytes(number));
}
