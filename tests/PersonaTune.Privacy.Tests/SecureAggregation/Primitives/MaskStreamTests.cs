using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using PersonaTune.Privacy.SecureAggregation;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Primitives;

public class MaskStreamTests
{
    private static readonly byte[] Key = new SeededRandom(1).Bytes(32);

    // A processor has at most one of the two vector paths; the others of the enumeration are not run on it.
    private static IEnumerable<MaskPath> Paths => Enum.GetValues<MaskPath>().Where(MaskStream.IsSupported);

    [Fact]
    public void Every_path_of_this_processor_equals_all_reference_vectors()
    {
        // n2: AES-256-CTR, zero IV, by another implementation.
        var rows = ReferenceRows.Read("n2_aes256ctr_zero_iv_mask_vectors.csv");
        Assert.NotEmpty(rows);
        foreach (var path in Paths)
        {
            foreach (var row in rows)
            {
                var words = new uint[(1 << 20) / 4];
                MaskStream.Apply(path, ReferenceRows.Bytes(row[0]), subtract: false, words, 0);
                var bytes = MemoryMarshal.AsBytes(words.AsSpan());
                Assert.Equal(row[1], Convert.ToHexStringLower(bytes[..32]));
                Assert.Equal(row[2], Convert.ToHexStringLower(bytes.Slice(65536, 32)));
                Assert.Equal(row[3], Convert.ToHexStringLower(SHA256.HashData(bytes)));
                Assert.Equal(row[4].Split('|').Select(w => uint.Parse(w, CultureInfo.InvariantCulture)), words[..4]);
            }
        }
    }

    [Fact]
    public void A_vector_path_is_chosen_where_the_processor_has_one() =>
        Assert.Equal(Paths.Count() > 1, MaskStream.BestPath != MaskPath.Portable);

    [Fact]
    public void Every_path_gives_the_same_words_at_every_length_and_offset()
    {
        var stream = Stream(Key, 0, 400);
        foreach (var path in Paths)
        {
            for (var length = 0; length <= 257; length++)
            {
                foreach (var offset in (int[])[0, 1, 3, 4, 5, 31, 32, 33, 63, 127])
                {
                    var start = Start(length);
                    MaskStream.Apply(path, Key, subtract: false, start, offset);
                    Assert.Equal(Start(length).Select((w, i) => w + stream[offset + i]), start);
                    MaskStream.Apply(path, Key, subtract: true, start, offset);
                    Assert.Equal(Start(length), start);
                }
            }
        }
    }

    [Theory]
    [InlineData(4L * 250)] // the last counter byte overflows
    [InlineData(4L * 65530)]
    [InlineData(4L * uint.MaxValue - 20)] // the low half of the counter overflows
    [InlineData((1L << 40) - 7)]
    public void The_counter_is_a_big_endian_number_of_more_than_32_bits(long firstWord)
    {
        var expected = Stream(Key, firstWord, 100);
        foreach (var path in Paths)
        {
            var words = new uint[100];
            MaskStream.Apply(path, Key, subtract: false, words, firstWord);
            Assert.Equal(expected, words);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Many_keys_give_the_sum_of_each_whatever_the_threads(int threads)
    {
        const int Keys = 5, Length = 200_001; // four chunks, the last one odd
        var keys = new SeededRandom(2).Bytes(32 * Keys);
        sbyte[] signs = [1, -1, 1, 1, -1];
        var expected = Start(Length);
        for (var i = 0; i < Keys; i++)
        {
            var key = keys.AsSpan(32 * i, 32);
            if (signs[i] > 0) MaskStream.Add(key, expected, 7);
            else MaskStream.Subtract(key, expected, 7);
        }

        foreach (var path in Paths)
        {
            var words = Start(Length);
            MaskStream.ApplyMany(path, keys, signs, words, 7, threads);
            Assert.Equal(expected, words);
        }

        var best = Start(Length);
        MaskStream.AddMany(keys, signs, best, 7, threads);
        Assert.Equal(expected, best);
    }

    [Fact]
    public void Masks_of_a_ring_of_devices_cancel_modulo_every_power_of_two()
    {
        var keys = Enumerable.Range(0, 3).Select(i => new SeededRandom(i).Bytes(32)).ToArray();
        var sum = new uint[1000];
        foreach (var (a, b) in ((int, int)[])[(0, 1), (1, 2), (2, 0)])
        {
            var report = Start(1000);
            MaskStream.Add(keys[a], report);
            MaskStream.Subtract(keys[b], report);
            for (var i = 0; i < sum.Length; i++) sum[i] += report[i] & 0xFFFFF; // truncated on the way, as an upload is
        }

        Assert.Equal(Start(1000).Select(w => 3 * w & 0xFFFFF), sum.Select(w => w & 0xFFFFF));
    }

    [Fact]
    public void Wrong_arguments_are_refused()
    {
        Assert.Throws<ArgumentException>(() => MaskStream.Add(new byte[31], new uint[1]));
        Assert.Throws<ArgumentException>(() => MaskStream.Subtract(new byte[33], new uint[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => MaskStream.Add(Key, new uint[1], -1));
        Assert.Throws<ArgumentException>(() => MaskStream.AddMany(new byte[63], new sbyte[] { 1, 1 }, new uint[1]));
        Assert.Throws<ArgumentException>(() => MaskStream.AddMany(new byte[32], new sbyte[] { 0 }, new uint[1]));
        Assert.Throws<ArgumentException>(() => MaskStream.AddMany(new byte[32], new sbyte[] { 2 }, new uint[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => MaskStream.AddMany(Key, new sbyte[] { 1 }, new uint[1], -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => MaskStream.AddMany(Key, new sbyte[] { 1 }, new uint[1], 0, threads: 0));
    }

    private static uint[] Start(int length) => [.. Enumerable.Range(0, length).Select(i => (uint)i * 2654435761)];

    // One block at a time, the counter written byte by byte.
    private static uint[] Stream(byte[] key, long firstWord, int count)
    {
        using var aes = Aes.Create();
        aes.Key = key;
        var words = new uint[count];
        for (var i = 0; i < count; i++)
        {
            var word = firstWord + i;
            var counter = new byte[16];
            for (var (k, block) = (15, word / 4); block > 0; k--, block >>= 8) counter[k] = (byte)block;
            var cipher = aes.EncryptEcb(counter, PaddingMode.None);
            words[i] = BinaryPrimitives.ReadUInt32LittleEndian(cipher.AsSpan((int)(word % 4) * 4));
        }

        return words;
    }
}
