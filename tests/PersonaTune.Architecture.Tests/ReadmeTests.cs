using System.Text.RegularExpressions;

namespace PersonaTune.Architecture.Tests;

/// <summary>What the README shows is what is compiled, and every file it points to exists.</summary>
public sealed partial class ReadmeTests
{
    private static readonly string Readme = File.ReadAllText(Path.Combine(SharedData.SolutionRoot, "README.md"));

    [Fact]
    public void Every_csharp_block_is_a_region_of_a_compiled_file()
    {
        var source = Lines(File.ReadAllText(Path.Combine(SharedData.SolutionRoot, "tests", "PersonaTune.Device.Tests", "ReadmeSample.cs")));
        var blocks = CSharpBlock().Matches(Readme);
        Assert.NotEmpty(blocks);
        Assert.All(blocks, block => Assert.Contains(Lines(block.Groups["code"].Value), source, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_linked_file_exists()
    {
        var targets = Link().Matches(Readme).Select(m => m.Groups["target"].Value).Where(t => !t.StartsWith('#')).ToArray();
        Assert.NotEmpty(targets);
        Assert.All(targets, target => Assert.True(Path.Exists(Path.Combine(SharedData.SolutionRoot, target.Split('#')[0])), $"README links to '{target}'"));
    }

    private static string Lines(string text) =>
        string.Join('\n', text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0));

    [GeneratedRegex("```csharp\n(?<code>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 2000)]
    private static partial Regex CSharpBlock();

    [GeneratedRegex(@"\]\((?<target>[^)]+)\)", RegexOptions.ExplicitCapture, 2000)]
    private static partial Regex Link();
}
