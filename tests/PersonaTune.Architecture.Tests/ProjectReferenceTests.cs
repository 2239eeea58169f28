using System.Xml.Linq;

namespace PersonaTune.Architecture.Tests;

/// <summary>The only reference arrows that the design allows (docs/architecture.md).</summary>
public sealed class ProjectReferenceTests
{
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["PersonaTune.Engine"] = [],
        ["PersonaTune.Privacy"] = [],
        ["PersonaTune.Protocol"] = [],
        ["PersonaTune.Device"] = ["PersonaTune.Engine", "PersonaTune.Privacy", "PersonaTune.Protocol"],
        ["PersonaTune.Aggregator"] = ["PersonaTune.Engine", "PersonaTune.Privacy", "PersonaTune.Protocol"],
        ["PersonaTune.Cli"] =
            ["PersonaTune.Engine", "PersonaTune.Privacy", "PersonaTune.Protocol", "PersonaTune.Device", "PersonaTune.Aggregator"],
    };

    public static TheoryData<string> SourceProjects() => new(Names());

    [Theory]
    [MemberData(nameof(SourceProjects))]
    public void A_project_references_only_what_the_design_allows(string project)
    {
        Assert.True(Allowed.TryGetValue(project, out var allowed), $"project {project} is not in the design; add its arrows here on purpose");
        var found = Load(project).Descendants("ProjectReference").Select(e => Path.GetFileNameWithoutExtension(e.Attribute("Include")!.Value));
        Assert.Empty(found.Except(allowed!, StringComparer.Ordinal));
    }

    [Fact]
    public void Every_project_of_the_design_exists() =>
        Assert.Equal(Allowed.Keys.Order(StringComparer.Ordinal), Names().Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("PersonaTune.Engine", "")]
    [InlineData("PersonaTune.Privacy", "System.Security.Cryptography.Pkcs MathNet.Numerics System.Numerics.Tensors")]
    [InlineData("PersonaTune.Protocol", "")]
    [InlineData("PersonaTune.Device", "Microsoft.Data.Sqlite SQLitePCLRaw.bundle_e_sqlite3 Microsoft.Extensions.AI.Abstractions " +
        "Microsoft.Extensions.DependencyInjection.Abstractions Microsoft.Extensions.Logging.Abstractions Microsoft.Extensions.Options")]
    public void A_library_uses_only_the_packages_that_it_declares_here(string project, string packages)
    {
        var found = Load(project).Descendants("PackageReference").Select(e => e.Attribute("Include")!.Value);
        Assert.Empty(found.Except(packages.Split(' '), StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("PersonaTune.Engine")]
    [InlineData("PersonaTune.Privacy")]
    [InlineData("PersonaTune.Protocol")]
    [InlineData("PersonaTune.Device")]
    public void A_library_is_checked_for_trimming_and_ahead_of_time_compilation(string project) =>
        Assert.Equal("true", Load(project).Descendants("IsAotCompatible").Single().Value);

    private static string[] Names() =>
        [.. Directory.EnumerateFiles(Path.Combine(SharedData.SolutionRoot, "src"), "*.csproj", SearchOption.AllDirectories)
            .Select(file => Path.GetFileNameWithoutExtension(file))];

    private static XDocument Load(string project) =>
        XDocument.Load(Path.Combine(SharedData.SolutionRoot, "src", project, project + ".csproj"));
}
