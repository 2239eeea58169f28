using PersonaTune.Fuzz;

namespace PersonaTune.Device.Tests.Fuzzing;

/// <summary>
/// Parsers of files that may come from strangers: the committed corpus, and a few thousand fresh mutations. Longer runs: <c>dotnet run --project tests/PersonaTune.Fuzz -c Release -- all --minutes 10</c>.
/// </summary>
public sealed class FuzzTests
{
    public static TheoryData<string> Names() => [.. Parsers.All().Select(parser => parser.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Inputs_that_were_kept_behave(string name) => Assert.True(Fuzzer.Replay(Parsers.All().Single(parser => parser.Name == name), Fuzzer.Corpus));

    [Theory]
    [MemberData(nameof(Names))]
    public void Fresh_mutations_are_refused_by_type_or_open(string name)
    {
        var parser = Parsers.All().Single(parser => parser.Name == name);
        var folder = Directory.CreateTempSubdirectory();
        Assert.True(Fuzzer.Fuzz(parser, folder.FullName, minutes: 1, seed: 2026, inputs: 4_000, kept: 0), $"an input made '{name}' misbehave; it was kept in {folder.FullName}");
        folder.Delete(recursive: true);
    }

    [Fact]
    public void A_parser_that_misbehaves_is_caught()
    {
        var folder = Directory.CreateTempSubdirectory();
        var careless = new Parser("careless", [[1, 2, 3, 4]], bytes => _ = bytes[3], exception => exception is FormatException);
        Assert.False(Fuzzer.Fuzz(careless, folder.FullName, 1, 1, 10_000, 0));
        Assert.Single(Directory.GetFiles(Path.Combine(folder.FullName, "careless")));
        var greedy = new Parser("greedy", [[1, 2, 3, 4]], bytes => _ = new byte[bytes.Length > 4 ? 80 << 20 : 1], _ => false);
        Assert.False(Fuzzer.Fuzz(greedy, folder.FullName, 1, 1, 10_000, 0));
        folder.Delete(recursive: true);
    }
}
