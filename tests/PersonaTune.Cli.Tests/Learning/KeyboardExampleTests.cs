using System.Xml.Linq;
using KeyboardStyle;
using KeyboardStyle.Charts;
using PersonaTune.Cli.Tests.Running;
using PersonaTune.Device.Keyboard;

namespace PersonaTune.Cli.Tests.Learning;

public sealed class KeyboardExampleTests
{
    private static readonly string Messages = Path.Combine(SharedData.SolutionRoot, "examples", "KeyboardStyle", "messages");

    [Theory]
    [InlineData("kai")]
    [InlineData("eleanor")]
    public void The_shipped_messages_are_many_varied_and_in_order(string name)
    {
        var messages = MessageFile.Read(Path.Combine(Messages, $"{name}.jsonl"));
        Assert.True(messages.Select(message => message.Text).Distinct(StringComparer.OrdinalIgnoreCase).Count() >= 300);
        Assert.All(messages, message => Assert.Equal(name, message.User));
        Assert.Equal(messages.Count, messages.Select(message => message.Id).Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(messages.OrderBy(message => message.Time), messages);
    }

    [Fact]
    [Trait("Duration", "Long")]
    public async Task A_file_of_ones_own_is_learned_and_drawn()
    {
        using var folder = new TemporaryFolder();
        var lines = MessageFile.Read(Path.Combine(Messages, "kai.jsonl")).Take(100).Select(message => message.Text);
        var file = folder.Write("mine.txt", string.Join('\n', lines));
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await Demo.RunAsync(["--text", file, "--name", "me & co", "--out", folder["out"]], output, error, CancellationToken.None);
        Assert.True(code == 0, error.ToString());
        Assert.Contains("perplexity a word", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("80 messages to learn from", output.ToString(), StringComparison.Ordinal);
        var svg = XDocument.Load(folder[Path.Combine("out", "held-out-loss.svg")]);
        Assert.Contains(svg.Descendants(), element => element.Name.LocalName == "polyline");
    }

    [Theory]
    [InlineData(3, "no such file", "--text", "/no/such/file.txt")]
    [InlineData(2, "expected a value", "--text")]
    [InlineData(2, "is no option", "--frob")]
    [InlineData(2, "expected with --text", "--name", "x")]
    [InlineData(0, "", "--help")]
    public async Task Wrong_arguments_are_explained(int code, string message, params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        Assert.Equal(code, await Demo.RunAsync(args, output, error, CancellationToken.None));
        Assert.Contains(message, error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", 3, "holds no text")]
    [InlineData("one\ntwo\nthree\n", 7, "expected at least 40")]
    [InlineData("{\"user\":\"a\",\"text\":\"x\"}\n{\"user\":\"b\",\"text\":\"y\"}\n", 3, "several users")]
    public async Task Files_that_cannot_be_used_are_explained(string content, int code, string message)
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("mine.txt", content);
        using var output = new StringWriter();
        using var error = new StringWriter();
        Assert.Equal(code, await Demo.RunAsync(["--text", file, "--out", folder["out"]], output, error, CancellationToken.None));
        Assert.Contains(message, error.ToString(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["out"]));
    }

    [Fact]
    public void The_picture_is_well_formed_and_marks_the_lowest_point()
    {
        LossCurve[] curves = [new("a <b> & c", [new(0, 6), new(1, 4.5), new(2, 5)]), new("flat", [new(0, 5)])];
        var svg = XDocument.Parse(LossSvg.Draw(curves));
        Assert.Equal(2, svg.Descendants().Count(element => element.Name.LocalName == "circle"));
        Assert.Contains(svg.Descendants(), element => element.Value == "a <b> & c 4.50");
        var chart = TerminalChart.Draw(curves[0]);
        Assert.Contains(chart, character => character is > '\u2800' and <= '\u28FF');
    }

    [Fact]
    public void Moments_of_typing_are_pairs_of_words_known_from_the_learned_messages()
    {
        var moments = TypedContext.Choose(["say less mate", "omw gimme ten"], ["ok say less then", "omw gimme five", "unknown words only"], 8);
        Assert.Equal([new TypedContext("ok say ", "less"), new TypedContext("omw g", "gimme")], moments);
    }
}
