using System.CommandLine;
using System.Reflection;
using System.Text.RegularExpressions;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Cli.Tests.Running;

namespace PersonaTune.Cli.Tests.Documentation;

/// <summary>docs/tool.md and the command tree describe the same tool.</summary>
public sealed class ToolPageTests
{
    private static readonly string Page = File.ReadAllText(Path.Combine(SharedData.SolutionRoot, "docs", "tool.md"));

    [Fact]
    public void Every_command_has_a_section_with_an_example()
    {
        foreach (var (path, _) in Runnable(Tree(), "personatune"))
        {
            var section = Regex.Match(Page, $"^### `{Regex.Escape(path)}`$(?<body>.*?)(?=^##|\\z)", RegexOptions.Multiline | RegexOptions.Singleline, TimeSpan.FromSeconds(5));
            Assert.True(section.Success, $"docs/tool.md has no section '### `{path}`'");
            Assert.True(section.Groups["body"].Value.Contains(path, StringComparison.Ordinal), $"the section of `{path}` shows no example");
        }
    }

    [Fact]
    public void Every_section_is_a_command()
    {
        var known = Runnable(Tree(), "personatune").Select(entry => entry.Path).ToHashSet(StringComparer.Ordinal);
        var sections = Regex.Matches(Page, "^### `(?<path>[^`]+)`", RegexOptions.Multiline, TimeSpan.FromSeconds(5)).Select(match => match.Groups["path"].Value).ToList();
        Assert.NotEmpty(sections);
        Assert.All(sections, section => Assert.Contains(section, known));
    }

    [Fact]
    public void Every_option_is_mentioned()
    {
        foreach (var (path, command) in Runnable(Tree(), "personatune"))
            foreach (var option in command.Options.Where(option => !option.Hidden && option.Name.StartsWith("--", StringComparison.Ordinal)))
                Assert.True(Page.Contains(option.Name, StringComparison.Ordinal), $"docs/tool.md does not mention {option.Name} of `{path}`");
    }

    [Fact]
    public void Every_exit_code_is_explained()
    {
        var codes = typeof(ExitCode).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (int)field.GetRawConstantValue()!).ToList();
        Assert.NotEmpty(codes);
        Assert.All(codes, code => Assert.Contains($"\n| {code} | ", Page, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Every_command_explains_itself()
    {
        foreach (var (path, _) in Runnable(Tree(), "personatune"))
        {
            var help = (await ToolRun.RunAsync([.. path.Split(' ').Skip(1), "--help"])).Expect(ExitCode.Success);
            Assert.Contains("Usage:", help.Out, StringComparison.Ordinal);
        }
    }

    private static RootCommand Tree() => CommandTree.Build(new SharedOptions(), new ToolConsole { Out = TextWriter.Null, Error = TextWriter.Null, In = TextReader.Null });

    private static IEnumerable<(string Path, Command Command)> Runnable(Command command, string path)
    {
        foreach (var child in command.Subcommands)
        {
            var name = $"{path} {child.Name}";
            if (child.Action is not null) yield return (name, child);
            foreach (var inner in Runnable(child, name)) yield return inner;
        }
    }
}
