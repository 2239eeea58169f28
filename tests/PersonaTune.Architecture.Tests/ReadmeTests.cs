using System.Text.RegularExpressions;

namespace PersonaTune.Architecture.Tests;

/// <summary>What the pages show is what is compiled, and every file they point to exists.</summary>
public sealed partial class ReadmeTests
{
    [Theory]
    [InlineData("README.md", "PersonaTune.Device.Tests/ReadmeSample.cs")]
    [InlineData("docs/privacy.md", "PersonaTune.Privacy.Tests/PrivacyPageSample.cs")]
    [InlineData("docs/photos.md", "PersonaTune.Device.Tests/PhotosPageSample.cs")]
    [InlineData("docs/rounds.md", "PersonaTune.Device.Tests/RoundsPageSample.cs")]
    public void Every_csharp_block_is_a_region_of_a_compiled_file(string page, string sample)
    {
        var source = Lines(Read("tests/" + sample));
        var blocks = CSharpBlock().Matches(Read(page));
        Assert.NotEmpty(blocks);
        Assert.All(blocks, block => Assert.Contains(Lines(block.Groups["code"].Value), source, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("README.md")]
    [InlineData("docs/privacy.md")]
    [InlineData("docs/photos.md")]
    [InlineData("docs/formats/adapters.md")]
    public void Every_linked_file_exists(string page)
    {
        var targets = Link().Matches(Read(page)).Select(m => m.Groups["target"].Value).Where(t => !t.StartsWith('#')).ToArray();
        Assert.NotEmpty(targets);
        var folder = Path.GetDirectoryName(Path.Combine(SharedData.SolutionRoot, page))!;
        Assert.All(targets, target => Assert.True(Path.Exists(Path.Combine(folder, target.Split('#')[0])), $"{page} links to '{target}'"));
    }

    private static string Read(string path) => File.ReadAllText(Path.Combine(SharedData.SolutionRoot, path));

    private static string Lines(string text) =>
        string.Join('\n', text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0));

    [GeneratedRegex("```csharp\n(?<code>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 2000)]
    private static partial Regex CSharpBlock();

    [GeneratedRegex(@"\]\((?<target>[^)]+)\)", RegexOptions.ExplicitCapture, 2000)]
    private static partial Regex Link();
}
