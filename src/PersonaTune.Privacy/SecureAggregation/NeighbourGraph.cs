using System.Security.Cryptography;

namespace PersonaTune.Privacy.SecureAggregation;

/// <summary>
/// Who shares masks with whom: devices, numbered as in the roster, stand on a ring in an order that nobody could choose, and a
/// device's neighbours are the k/2 before and the k/2 behind it; all others if there are no more than k. Everybody computes the
/// same graph from the same seed. Immutable and thread-safe.
/// </summary>
public sealed class NeighbourGraph
{
    private readonly int[] _ring; // (Count), devices in ring order
    private readonly int[] _places; // (Count), the inverse

    /// <summary>
    /// The graph of <paramref name="count"/> devices of degree <paramref name="degree"/> for a 32-byte seed, see
    /// <see cref="Seed"/>.
    /// </summary>
    /// <exception cref="ArgumentException">
    /// The seed does not have 32 bytes, the degree is below 1, or odd although the graph is not complete.
    /// </exception>
    public NeighbourGraph(ReadOnlySpan<byte> seed, int count, int degree)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(degree, 1);
        if (seed.Length != MaskStream.KeyLength)
            throw new ArgumentException($"a seed has {MaskStream.KeyLength} bytes, got {seed.Length}", nameof(seed));
        IsComplete = count - 1 <= degree;
        if (!IsComplete && degree % 2 != 0)
            throw new ArgumentException($"a degree below {count - 1} is even, half of it on each side, got {degree}", nameof(degree));
        Count = count;
        Degree = IsComplete ? count - 1 : degree;
        _ring = Shuffle(seed, count);
        _places = new int[count];
        for (var place = 0; place < count; place++) _places[_ring[place]] = place;
    }

    /// <summary>The number of devices.</summary>
    public int Count { get; }

    /// <summary>The number of neighbours of each device.</summary>
    public int Degree { get; }

    /// <summary>Whether everybody is everybody's neighbour.</summary>
    public bool IsComplete { get; }

    /// <summary>The devices in ring order.</summary>
    public ReadOnlySpan<int> Ring => _ring;

    /// <summary>
    /// SHA-256 over the opened nonces, in the roster's order, and the roster's root: nobody can steer it who had to commit to a nonce
    /// before seeing the others. The nonces have one length, so that no byte can move from one to the next.
    /// </summary>
    /// <exception cref="ArgumentException">The nonces differ in length.</exception>
    public static byte[] Seed(IEnumerable<ReadOnlyMemory<byte>> openedNonces, ReadOnlySpan<byte> root)
    {
        ArgumentNullException.ThrowIfNull(openedNonces);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        int? length = null;
        foreach (var nonce in openedNonces)
        {
            length ??= nonce.Length;
            if (nonce.Length != length)
                throw new ArgumentException($"all nonces have one length, got {length} and {nonce.Length} bytes", nameof(openedNonces));
            hash.AppendData(nonce.Span);
        }

        hash.AppendData(root);
        return hash.GetHashAndReset();
    }

    /// <summary>The neighbours of <paramref name="device"/> in ascending order: the holder of share x is number x - 1 of them.</summary>
    public int[] Neighbours(int device)
    {
        CheckDevice(device);
        var neighbours = new int[Degree];
        if (IsComplete)
        {
            for (var i = 0; i < Degree; i++) neighbours[i] = i < device ? i : i + 1;
            return neighbours;
        }

        var place = _places[device];
        for (var i = 0; i < Degree; i++)
        {
            var offset = i < Degree / 2 ? i - Degree / 2 : i - Degree / 2 + 1;
            neighbours[i] = _ring[(place + offset + Count) % Count];
        }

        Array.Sort(neighbours);
        return neighbours;
    }

    /// <summary>Whether the two devices share a mask; false for a device and itself.</summary>
    public bool AreNeighbours(int device, int other)
    {
        CheckDevice(device);
        CheckDevice(other);
        if (device == other) return false;
        var distance = Math.Abs(_places[device] - _places[other]);
        return IsComplete || Math.Min(distance, Count - distance) <= Degree / 2;
    }

    /// <summary>
    /// The 1-based position of <paramref name="neighbour"/> among the sorted neighbours of <paramref name="owner"/>: the x of the
    /// share it holds; 0 if it is no neighbour.
    /// </summary>
    public int Position(int owner, int neighbour)
    {
        CheckDevice(neighbour);
        return Math.Max(0, Array.BinarySearch(Neighbours(owner), neighbour) + 1);
    }

    // Fisher-Yates from the last place down. A 32-bit word of the stream is drawn again unless it lies below the largest multiple
    // of the number of choices, so that every order is equally likely (as far as AES is a random function).
    private static int[] Shuffle(ReadOnlySpan<byte> seed, int count)
    {
        var ring = Enumerable.Range(0, count).ToArray();
        var words = new uint[Math.Min(4096, (count + 31) / 32 * 32)];
        var (used, drawn) = (words.Length, 0L);
        for (var last = count - 1; last > 0; last--)
        {
            var choices = (uint)last + 1;
            var limit = (1UL << 32) - (1UL << 32) % choices;
            uint word;
            do
            {
                if (used == words.Length)
                {
                    Array.Clear(words);
                    MaskStream.Add(seed, words, drawn);
                    drawn += words.Length;
                    used = 0;
                }

                word = words[used++];
            }
            while (word >= limit);
            var chosen = (int)(word % choices);
            (ring[last], ring[chosen]) = (ring[chosen], ring[last]);
        }

        return ring;
    }

    private void CheckDevice(int device)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(device);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(device, Count);
    }
}
