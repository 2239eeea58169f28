using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.Tests.Sealing;

public class Argon2idTests
{
    public static TheoryData<int> Rows => [.. Enumerable.Range(0, ReferenceRows.Read("n1_argon2id_v13_vectors.csv").Count)];

    // n1: computed with another implementation of RFC 9106, version 0x13.
    [Theory]
    [MemberData(nameof(Rows))]
    public void Equals_reference_vector(int row)
    {
        var (parameters, password, salt, expected) = Read(row);
        var output = new byte[expected.Length];
        Argon2id.DeriveKey(password, salt, parameters, output);
        Assert.Equal(Convert.ToHexStringLower(expected), Convert.ToHexStringLower(output));
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Scalar_and_vector_paths_equal_reference_vector(int row)
    {
        var (parameters, password, salt, expected) = Read(row);
        if (parameters.MemoryKiB > 4096) parameters = parameters with { MemoryKiB = 1024 }; // small: both paths are compared with each other
        var outputs = new List<string>();
        foreach (var compression in Paths())
        {
            var output = new byte[expected.Length];
            Argon2id.DeriveKey(password, salt, parameters, output, default, default, compression);
            outputs.Add(Convert.ToHexStringLower(output));
        }
        Assert.Single(outputs.Distinct(StringComparer.Ordinal));
        if (parameters == Read(row).Parameters) Assert.Equal(Convert.ToHexStringLower(expected), outputs[0]);
    }

    // RFC 9106, section 5.3: with secret and associated data.
    [Fact]
    public void Equals_vector_of_the_specification()
    {
        var tag = new byte[32];
        Argon2id.DeriveKey(Filled(32, 1), Filled(16, 2), new Argon2Parameters(32, 3, 4), tag, Filled(8, 3), Filled(12, 4));
        Assert.Equal("0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659", Convert.ToHexStringLower(tag));
    }

    [Theory]
    [InlineData(7, 1, 1, "memory")]
    [InlineData(31, 1, 4, "memory")]
    [InlineData((1 << 20) + 1, 1, 1, "memory")]
    [InlineData(int.MaxValue, 1, 1, "memory")]
    [InlineData(-8, 1, 1, "memory")]
    [InlineData(64, 0, 1, "iterations")]
    [InlineData(64, 65, 1, "iterations")]
    [InlineData(64, 1, 0, "parallelism")]
    [InlineData(64, 1, 17, "parallelism")]
    public void Cost_outside_the_range_is_refused_before_any_work(int memory, int iterations, int lanes, string parameter)
    {
        var e = Assert.Throws<KeyCostException>(() => Argon2id.DeriveKey("p"u8, new byte[16], new Argon2Parameters(memory, iterations, lanes), new byte[32]));
        Assert.Contains(parameter, e.Parameter, StringComparison.Ordinal);
    }

    [Fact]
    public void Short_salt_and_bad_output_length_are_refused()
    {
        var small = new Argon2Parameters(8, 1, 1);
        Assert.Throws<ArgumentException>(() => Argon2id.DeriveKey("p"u8, new byte[7], small, new byte[32]));
        Assert.Throws<ArgumentException>(() => Argon2id.DeriveKey("p"u8, new byte[8], small, new byte[3]));
        Assert.Throws<ArgumentException>(() => Argon2id.DeriveKey("p"u8, new byte[8], small, new byte[1025]));
    }

    private static IEnumerable<Argon2Compression> Paths()
    {
        yield return Argon2Compression.Scalar;
        if (System.Runtime.Intrinsics.Vector128.IsHardwareAccelerated) yield return Argon2Compression.Vector128;
        if (System.Runtime.Intrinsics.X86.Avx2.IsSupported) yield return Argon2Compression.Vector256;
    }

    private static (Argon2Parameters Parameters, byte[] Password, byte[] Salt, byte[] Expected) Read(int row)
    {
        var fields = ReferenceRows.Read("n1_argon2id_v13_vectors.csv")[row];
        var culture = System.Globalization.CultureInfo.InvariantCulture;
        var parameters = new Argon2Parameters(int.Parse(fields[1], culture), int.Parse(fields[0], culture), int.Parse(fields[2], culture));
        Assert.Equal(int.Parse(fields[3], culture), fields[6].Length / 2);
        return (parameters, ReferenceRows.Bytes(fields[4]), ReferenceRows.Bytes(fields[5]), ReferenceRows.Bytes(fields[6]));
    }

    private static byte[] Filled(int length, byte value) => [.. Enumerable.Repeat(value, length)];
}
