using System.Globalization;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Tests.Running;

namespace PersonaTune.Cli.Tests.Privacy;

public sealed class PrivacyTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Plan_finds_the_rounds_that_fit_and_one_more_does_not()
    {
        string[] task = ["privacy", "plan", "--population", "10000", "--cohort", "100", "--sigma", "1.1", "--delta", "1e-8", "--json"];
        var plan = (await ToolRun.RunAsync([.. task, "--epsilon", "4", "--svg", _folder["plan.svg"]])).Expect(ExitCode.Success).Json();
        Assert.Equal("rounds", plan.GetProperty("solvedFor").GetString());
        var rounds = plan.GetProperty("rounds").GetInt64();
        Assert.InRange(plan.GetProperty("epsilon").GetDouble(), 3.9, 4);
        var more = (await ToolRun.RunAsync([.. task, "--rounds", Text(rounds + 1), "--epsilon", "4"])).Expect(ExitCode.Success).Json();
        Assert.False(more.GetProperty("within").GetBoolean());
        Assert.True(more.GetProperty("epsilon").GetDouble() > 4);
        var svg = await File.ReadAllTextAsync(_folder["plan.svg"]);
        Assert.Contains("limit 4", svg, StringComparison.Ordinal);
        Assert.Equal(2, svg.Split("<polyline").Length - 1);
        System.Xml.Linq.XDocument.Parse(svg);
    }

    [Fact]
    public async Task Plan_finds_the_least_noise()
    {
        string[] task = ["privacy", "plan", "--population", "1000", "--cohort", "100", "--rounds", "50", "--epsilon", "3", "--delta", "1e-6", "--json"];
        var sigma = (await ToolRun.RunAsync(task)).Expect(ExitCode.Success).Json().GetProperty("sigma").GetDouble();
        Assert.True((await ToolRun.RunAsync([.. task, "--sigma", Text(sigma)])).Json().GetProperty("within").GetBoolean());
        Assert.False((await ToolRun.RunAsync([.. task, "--sigma", Text(sigma - 0.001)])).Json().GetProperty("within").GetBoolean());
    }

    /// <summary>
    /// tests/reference/privacy/b1 (dp_accounting, replace one): noise of 1 sensitivity, which is two clip norms. Ours may be below at its optimal order.
    /// </summary>
    [Fact]
    public async Task Cohorts_of_fixed_size_exchange_a_user_and_so_move_the_sum_by_two_clip_norms()
    {
        var row = File.ReadLines(SharedData.Reference("privacy", "b1_rdp_eps_wor_gaussian.csv")).Select(line => line.Split(','))
            .First(fields => fields[0] == "1.0" && fields[1] == "10000" && fields[2] == "100");
        var plan = (await ToolRun.RunAsync("privacy", "plan", "--population", "10000", "--cohort", "100", "--sampling", "fixed", "--sigma", "2",
            "--rounds", row[3], "--delta", row[4], "--json")).Expect(ExitCode.Success).Json();
        var reference = double.Parse(row[5], CultureInfo.InvariantCulture);
        Assert.InRange(plan.GetProperty("epsilon").GetDouble(), reference * 0.9, reference * (1 + 1e-9));
        Assert.Equal("ReplaceOne", plan.GetProperty("relation").GetString());
    }

    [Fact]
    public async Task Plan_says_when_not_even_one_round_fits()
    {
        var result = (await ToolRun.RunAsync("privacy", "plan", "--population", "100", "--cohort", "100", "--sigma", "0.3", "--epsilon", "1", "--delta", "1e-6")).Expect(ExitCode.NothingToDo);
        Assert.Contains("not even one round", result.Error, StringComparison.Ordinal);
    }

    /// <summary>The anchor row of the specification: RDP 2.1014 and PLD 1.82824 (dp_accounting 0.6.0).</summary>
    [Fact]
    public async Task Account_gives_both_bounds_and_the_smaller_one()
    {
        var row = (await ToolRun.RunAsync("privacy", "account", "--sigma", "1", "--rate", "0.01", "--steps", "1000", "--delta", "1e-5", "--json"))
            .Expect(ExitCode.Success).Json().GetProperty("rows")[0];
        Assert.Equal(2.1014, row.GetProperty("rdp").GetDouble(), 3);
        Assert.InRange(row.GetProperty("pld").GetDouble(), 1.8272, 1.8293);
        Assert.Equal(row.GetProperty("pld").GetDouble(), row.GetProperty("epsilon").GetDouble());
        Assert.Equal("PLD", row.GetProperty("bound").GetString());
    }

    [Fact]
    public async Task Account_works_through_a_table()
    {
        var table = _folder.Write("in.csv", "delta,mechanism,sigma,steps,q\n1e-5,gaussian,1,1000,0.01\n\n1e-6,laplace,2,10,1\n1e-6,discrete-gaussian,8,5,1\n");
        (await ToolRun.RunAsync("privacy", "account", "--table", table, "--out", _folder["out.csv"])).Expect(ExitCode.Success);
        var lines = await File.ReadAllLinesAsync(_folder["out.csv"]);
        Assert.Equal("mechanism,sigma,q,steps,delta,eps_rdp,eps_pld,epsilon,bound", lines[0]);
        Assert.Equal(4, lines.Length);
        Assert.StartsWith("gaussian,1,0.01,1000,1E-05,2.10", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("laplace,2,1,10,1E-06,", lines[2], StringComparison.Ordinal);
        var fromInput = (await ToolRun.RunAsync(["privacy", "account", "--table", "-"], null, await File.ReadAllTextAsync(table), default)).Expect(ExitCode.Success);
        Assert.Equal(await File.ReadAllTextAsync(_folder["out.csv"]), fromInput.Out);
    }

    [Theory]
    [InlineData("mechanism,sigma\ngaussian,1", "delta")]
    [InlineData("mechanism,sigma,delta,colour\ngaussian,1,1e-5,red", "colour")]
    [InlineData("mechanism,sigma,delta\nmagic,1,1e-5", "magic")]
    [InlineData("mechanism,sigma,delta\ngaussian,one,1e-5", "one")]
    [InlineData("mechanism,sigma,delta\ngaussian,-1,1e-5", "-1")]
    [InlineData("mechanism,sigma,delta\ngaussian,1", "2 fields")]
    [InlineData("mechanism,sigma,delta,q\ngaussian,1,1e-5,1.5", "1.5")]
    [InlineData("mechanism,sigma,delta,steps\ngaussian,1,1e-5,2.5", "2.5")]
    [InlineData("mechanism,sigma,delta", "no rows")]
    [InlineData("", "no header")]
    public async Task A_malformed_table_is_refused_with_its_line(string table, string named)
    {
        var result = (await ToolRun.RunAsync("privacy", "account", "--table", _folder.Write("in.csv", table), "--out", _folder["out.csv"])).Expect(ExitCode.BadInput);
        Assert.Contains("line ", result.Error, StringComparison.Ordinal);
        Assert.Contains(named, result.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["out.csv"]));
    }

    [Theory]
    [InlineData("privacy plan --population 100 --cohort 10 --sigma 1 --delta 1e-6")]
    [InlineData("privacy plan --population 10 --cohort 100 --sigma 1 --rounds 3 --delta 1e-6")]
    [InlineData("privacy plan --population 100 --cohort 10 --sigma 1 --rounds 3 --delta 2")]
    [InlineData("privacy plan --population 100 --cohort 10 --sigma -1 --rounds 3 --delta 1e-6")]
    [InlineData("privacy account --sigma 1")]
    [InlineData("privacy account --table x.csv --sigma 1 --delta 1e-5")]
    [InlineData("privacy account --sigma 0 --delta 1e-5")]
    [InlineData("privacy audit")]
    [InlineData("privacy audit messages.txt --sigma 1")]
    [InlineData("privacy audit --sigma 1 --canaries 3")]
    public async Task A_wrong_command_line_ends_with_2(string line) => (await ToolRun.RunAsync(line.Split(' '))).Expect(ExitCode.Usage);

    /// <summary>The claim fails by chance with probability 1e-6 at most.</summary>
    [Fact]
    public async Task Audit_lets_true_noise_stand_and_measures_missing_noise()
    {
        var noisy = (await ToolRun.RunAsync("privacy", "audit", "--sigma", "1", "--significance", "1e-6", "--json")).Expect(ExitCode.Success).Json();
        Assert.False(noisy.GetProperty("refuted").GetBoolean());
        Assert.True(noisy.GetProperty("epsilonLowerBound").GetDouble() <= noisy.GetProperty("claimedEpsilon").GetDouble());
        var bare = (await ToolRun.RunAsync("privacy", "audit", "--sigma", "0", "--significance", "0.01", "--json")).Expect(ExitCode.Success).Json();
        // Half of the guesses say "included", so where not exactly half of the coins did, a few of a thousand guesses must be wrong.
        Assert.True(bare.GetProperty("correct").GetInt32() > 0.9 * bare.GetProperty("guesses").GetInt32());
        Assert.True(bare.GetProperty("epsilonLowerBound").GetDouble() > 2);
    }

    /// <summary>Secrets written eight times among few messages and trained on for twelve passes are found again; the bound is wrong with probability 1e-4.</summary>
    [Fact]
    [Trait("Duration", "Long")]
    public async Task Audit_finds_secrets_that_training_memorized()
    {
        var kai = Path.Combine(SharedData.SolutionRoot, "examples", "KeyboardStyle", "messages", "kai.jsonl");
        var file = _folder.Write("kai.jsonl", string.Join('\n', File.ReadLines(kai).Take(40)));
        var result = (await ToolRun.RunAsync("privacy", "audit", file, "--canaries", "60", "--repeat", "8", "--epochs", "12", "--delta", "1e-6", "--significance", "1e-4", "--json"))
            .Expect(ExitCode.Success).Json();
        Assert.True(result.GetProperty("epsilonLowerBound").GetDouble() > 0.5, result.ToString());
        Assert.True(result.GetProperty("medianExposureBits").GetDouble() > 3, result.ToString());
    }

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
