using System.Text.RegularExpressions;

namespace PersonaTune.Architecture.Tests;

/// <summary>House rules that a machine can check: file sizes, one public type a file, no path of a machine.</summary>
public sealed partial class SourceLayoutTests
{
    [Theory]
    [InlineData("src", 500)]
    [InlineData("examples", 500)]
    [InlineData("bench", 500)]
    [InlineData("tests", 800)]
    public void No_source_file_is_longer_than_the_limit(string folder, int limit)
    {
        var tooLong = Sources(folder).Select(f => (File: f, Lines: File.ReadLines(f).Count())).Where(f => f.Lines > limit)
            .Select(f => $"{Relative(f.File)}: {f.Lines} lines, at most {limit}");
        Assert.Empty(tooLong);
    }

    [Fact]
    public void A_source_file_of_a_library_holds_one_public_type()
    {
        var crowded = Sources("src").Select(f => (File: f, Types: PublicType().Matches(File.ReadAllText(f)).Select(m => m.Groups["name"].Value)
            .Distinct(StringComparer.Ordinal).ToArray())).Where(f => f.Types.Length > 1)
            .Select(f => $"{Relative(f.File)}: {string.Join(", ", f.Types)}");
        Assert.Empty(crowded);
    }

    [Fact]
    public void A_namespace_follows_its_folder()
    {
        var misplaced = new List<string>();
        foreach (var file in Sources("src"))
        {
            var match = Namespace().Match(File.ReadAllText(file));
            if (!match.Success) continue;
            var parts = Path.GetDirectoryName(Path.GetRelativePath(Path.Combine(SharedData.SolutionRoot, "src"), file))!
                .Split(Path.DirectorySeparatorChar);
            var expected = string.Join('.', parts);
            if (!string.Equals(match.Groups["name"].Value, expected, StringComparison.Ordinal))
                misplaced.Add($"{Relative(file)}: namespace {match.Groups["name"].Value}, expected {expected}");
        }

        Assert.Empty(misplaced);
    }

    private static IEnumerable<string> Sources(string folder) =>
        Directory.EnumerateFiles(Path.Combine(SharedData.SolutionRoot, folder), "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin"));

    private static string Relative(string file) => Path.GetRelativePath(SharedData.SolutionRoot, file);

    [GeneratedRegex(@"^public (?:static |sealed |abstract |partial |readonly |unsafe |ref )*(?:class|record struct|record|struct|interface|enum|delegate \S+) (?<name>\w+)",
        RegexOptions.Multiline | RegexOptions.ExplicitCapture, 2000)]
    private static partial Regex PublicType();

    [GeneratedRegex(@"^namespace (?<name>[\w.]+);", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 2000)]
    private static partial Regex Namespace();
}
