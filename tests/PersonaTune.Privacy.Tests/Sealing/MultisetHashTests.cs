using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.Tests.Sealing;

public class MultisetHashTests
{
    private static readonly byte[] Key = new byte[32];

    [Fact]
    public void Order_does_not_matter_and_removal_undoes_addition()
    {
        // A thousand elements carry across every word of the sum.
        var elements = Enumerable.Range(0, 1000).Select(BitConverter.GetBytes).ToList();
        var forward = elements.Aggregate(MultisetHash.Empty, (h, e) => h.Add(Key, e));
        var backward = elements.AsEnumerable().Reverse().Aggregate(MultisetHash.Empty, (h, e) => h.Add(Key, e));
        Assert.Equal(forward, backward);
        Assert.NotEqual(MultisetHash.Empty, forward);
        Assert.Equal(MultisetHash.Empty, elements.Aggregate(forward, (h, e) => h.Remove(Key, e)));
        var without = elements.Skip(1).Aggregate(MultisetHash.Empty, (h, e) => h.Add(Key, e));
        Assert.Equal(without, forward.Remove(Key, elements[0]));
    }

    [Fact]
    public void Repetition_and_key_matter()
    {
        var once = MultisetHash.Empty.Add(Key, "a"u8);
        Assert.NotEqual(once, once.Add(Key, "a"u8));
        Assert.NotEqual(MultisetHash.Empty, once.Add(Key, "a"u8)); // an exclusive-or would cancel
        Assert.NotEqual(once, MultisetHash.Empty.Add([1], "a"u8));
    }

    [Fact]
    public void Value_survives_writing_and_reading()
    {
        var hash = MultisetHash.Empty.Add(Key, "a"u8).Remove(Key, "b"u8);
        var bytes = new byte[MultisetHash.Length];
        hash.Write(bytes);
        Assert.Equal(hash, MultisetHash.Read(bytes));
    }
}
