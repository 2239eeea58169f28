namespace PersonaTune.Fuzz;

/// <summary>A parser under test.</summary>
/// <param name="Name">Its name on the command line, and of its folder in the corpus.</param>
/// <param name="Seeds">Valid inputs to begin with.</param>
/// <param name="Parse">Parses; throws one of the expected exceptions or nothing.</param>
/// <param name="Expected">Whether an exception is one of those that the parser documents.</param>
/// <param name="Repair">Makes checksums or signatures of a mutated input valid again, so that mutations reach deeper; null for none.</param>
internal sealed record Parser(string Name, IReadOnlyList<byte[]> Seeds, Action<byte[]> Parse, Func<Exception, bool> Expected, Func<byte[], byte[]>? Repair = null)
{
    /// <summary>Bytes that a parse may allocate beside a multiple of the input's length.</summary>
    public const long FixedBytes = 64L << 20;

    /// <summary>Bytes that a parse may allocate for each byte of input.</summary>
    public const long BytesPerByte = 1_500;

    /// <summary>The bound for an input.</summary>
    public static long Bound(int length) => FixedBytes + BytesPerByte * length;
}
