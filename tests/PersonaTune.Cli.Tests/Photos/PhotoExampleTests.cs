using PersonaTune.Cli.Tests.Running;
using PhotoLabels;

namespace PersonaTune.Cli.Tests.Photos;

public sealed class PhotoExampleTests
{
    private static readonly string Pictures = Path.Combine(SharedData.SolutionRoot, "examples", "PhotoLabels", "pictures");

    [Fact]
    public async Task The_example_learns_reports_and_forgets()
    {
        using var folder = new TemporaryFolder();
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await Example.RunAsync(["--pictures", Pictures, "--report", folder["report.html"]], output, error);
        Assert.True(code == 0, error.ToString());
        var text = output.ToString();
        Assert.Contains("24 pictures to teach 6 labels", text, StringComparison.Ordinal);
        Assert.Contains("'the beach' is gone", text, StringComparison.Ordinal);
        var page = await File.ReadAllTextAsync(folder["report.html"]);
        Assert.Equal(42, page.Split("<img ").Length - 1);
        Assert.Contains("our cat", page, StringComparison.Ordinal);
        Assert.DoesNotContain("http", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("expected a value", "--report")]
    [InlineData("not known", "--frob", "1")]
    [InlineData("no such encoder", "--encoder", "/no/such")]
    [InlineData("teach and test", "--pictures", "/tmp")]
    public async Task Wrong_arguments_are_explained(string message, params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        Assert.Equal(2, await Example.RunAsync(args, output, error));
        Assert.Contains(message, error.ToString(), StringComparison.Ordinal);
    }
}
