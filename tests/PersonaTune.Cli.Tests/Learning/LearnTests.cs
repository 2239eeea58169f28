using System.Diagnostics;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Tests.Running;

namespace PersonaTune.Cli.Tests.Learning;

/// <summary>The main journey, on the shipped base model and the messages of an invented writer.</summary>
[Trait("Duration", "Long")]
public sealed class LearnTests : IDisposable
{
    private static readonly string Base = Path.Combine(SharedData.SolutionRoot, "models", "keyboard-base-q8_0.gguf");
    private static readonly string[] Kai = File.ReadAllLines(Path.Combine(SharedData.SolutionRoot, "examples", "KeyboardStyle", "messages", "kai.jsonl"));
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Learn_suggest_evaluate_roll_back_forget()
    {
        var file = _folder.Write("kai.jsonl", string.Join('\n', Kai.Take(300)));
        var later = _folder.Write("later.jsonl", string.Join('\n', Kai.Skip(300)));
        var learned = (await RunAsync("learn", file, "--epochs", "3", "--json")).Expect(ExitCode.Success);
        Assert.Contains("tokens/s", learned.Error, StringComparison.Ordinal);
        Assert.Contains("left", learned.Error, StringComparison.Ordinal);
        var json = learned.Json();
        Assert.Equal("Promoted", json.GetProperty("status").GetString());
        Assert.Equal(300, json.GetProperty("added").GetInt32());
        var id = json.GetProperty("adapter").GetProperty("id").GetString()!;
        Assert.True(Word(json.GetProperty("adapter"), "heldOutAfter") < Word(json.GetProperty("adapter"), "heldOutBefore"));

        // What was learned shows in the suggestions, and without the adapter it does not.
        Assert.Contains("gimme", await SuggestAsync("omw gi"));
        Assert.DoesNotContain("gimme", await SuggestAsync("omw gi", "--base"));
        var evaluated = (await RunAsync("eval", later, "--json")).Expect(ExitCode.Success).Json();
        Assert.True(Word(evaluated, "adapted") < Word(evaluated, "base") / 2);
        (await RunAsync("eval")).Expect(ExitCode.NothingToDo);

        // The adapter leaves the store as a file that other commands take, and no other base does.
        (await RunAsync("adapter", "show", "--out", _folder["kai.gguf"])).Expect(ExitCode.Success);
        Assert.Contains(id, (await RunAsync("adapter", "show")).Expect(ExitCode.Success).Out, StringComparison.Ordinal);
        (await ToolRun.RunAsync("inspect", "logits", "--model", Base, "--text", "omw", "--adapter", _folder["kai.gguf"])).Expect(ExitCode.Success);
        (await ToolRun.RunAsync("quantize", Base, _folder["other.gguf"], "--type", "Q4_0", "--quiet")).Expect(ExitCode.Success);
        (await ToolRun.RunAsync("inspect", "logits", "--model", _folder["other.gguf"], "--text", "omw", "--adapter", _folder["kai.gguf"])).Expect(ExitCode.WrongBase);
        var wrong = (await RunAsync("suggest", "omw", "--model", _folder["other.gguf"])).Expect(ExitCode.WrongBase);
        Assert.Contains("base", wrong.Error, StringComparison.Ordinal);

        // A second person's adapter is another one; a third has none.
        Assert.Equal(0, (await RunAsync("adapter", "list", "--user", "someone", "--json")).Expect(ExitCode.Success).Json().GetProperty("adapters").GetArrayLength());

        var rolledBack = (await RunAsync("adapter", "rollback", "--json")).Expect(ExitCode.Success).Json();
        Assert.Equal(System.Text.Json.JsonValueKind.Null, rolledBack.GetProperty("active").ValueKind);
        (await RunAsync("adapter", "rollback")).Expect(ExitCode.NothingToDo);
        Assert.Equal("RolledBack", (await RunAsync("adapter", "list", "--json")).Json().GetProperty("adapters")[0].GetProperty("state").GetString());

        // Forgetting messages invalidates what learned from them; the adapter can be made again without them.
        var forgotten = (await RunAsync("store", "forget", "--containing", "gimme", "--json")).Expect(ExitCode.Success).Json();
        Assert.Equal(id, forgotten.GetProperty("invalidated")[0].GetString());
        Assert.DoesNotContain("gimme", await SuggestAsync("omw gi"));
        var again = (await RunAsync("train", "--again", id, "--json", "--quiet")).Expect(ExitCode.Success).Json();
        Assert.True(again.GetProperty("adapter").GetProperty("trainingMessages").GetInt32() < json.GetProperty("adapter").GetProperty("trainingMessages").GetInt32());

        (await RunAsync("adapter", "delete", again.GetProperty("adapter").GetProperty("id").GetString()!)).Expect(ExitCode.Success);
        (await RunAsync("adapter", "show")).Expect(ExitCode.NothingToDo);
        (await RunAsync("adapter", "delete", "0000000000000000")).Expect(ExitCode.NothingToDo);
    }

    [Fact]
    public async Task The_gate_keeps_a_training_that_learned_nothing_out()
    {
        var file = _folder.Write("kai.jsonl", string.Join('\n', Kai.Take(60)));
        var result = (await RunAsync("learn", file, "--epochs", "1", "--rank", "2", "--learning-rate", "1e-9", "--json", "--quiet")).Expect(ExitCode.GateRejected);
        Assert.Equal("Rejected", result.Json().GetProperty("status").GetString());
        Assert.Equal(string.Empty, result.Error);
        (await RunAsync("adapter", "show")).Expect(ExitCode.NothingToDo);
    }

    [Fact]
    public async Task Too_few_messages_are_stored_but_not_trained_on()
    {
        var result = (await RunAsync("learn", "--text", "omw", "--text", "say less")).Expect(ExitCode.NothingToDo);
        Assert.Contains("found 2", result.Error, StringComparison.Ordinal);
        Assert.Equal(2, (await RunAsync("store", "list", "--json")).Json().GetProperty("count").GetInt32());
    }

    [Fact]
    public async Task Text_in_another_script_is_learned_with_a_remark()
    {
        string[] words = ["привет", "как", "дела", "сегодня", "вечером", "завтра", "домой", "скоро", "ладно", "спасибо"];
        var file = _folder.Write("ru.txt", string.Join('\n', Enumerable.Range(0, 40).Select(i => $"{words[i % 10]} {words[i * 3 % 7]} {words[i * 7 % 9]}")));
        var result = await RunAsync("learn", file, "--epochs", "2", "--json");
        Assert.Contains("hardly knows the script", result.Error, StringComparison.Ordinal);
        Assert.Contains(result.Code, new[] { ExitCode.Success, ExitCode.GateRejected });
        Assert.Equal(40, result.Json().GetProperty("added").GetInt32());
        var suggestions = await SuggestAsync("при");
        Assert.All(suggestions, word => Assert.StartsWith("при", word, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Ctrl_C_saves_a_checkpoint_and_resume_goes_on_to_the_same_adapter()
    {
        if (OperatingSystem.IsWindows()) return;
        var file = _folder.Write("kai.jsonl", string.Join('\n', Kai.Take(200)));
        var settings = new[] { "--epochs", "3", "--rank", "4", "--threads", "2" };
        (await RunAsync("store", "add", file)).Expect(ExitCode.Success);
        var process = ToolProcess.Start(["train", .. Store(), .. settings]);
        await WaitForStepAsync(process);
        using (var kill = Process.Start("kill", ["-INT", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)])) await kill.WaitForExitAsync();
        var interrupted = (await ToolProcess.ResultAsync(process)).Expect(ExitCode.Interrupted);
        Assert.Contains("train --resume", interrupted.Error, StringComparison.Ordinal);

        (await RunAsync("train", "--resume", "--rank", "8")).Expect(ExitCode.Usage);
        var resumed = (await RunAsync("train", "--resume", "--json", "--threads", "2")).Expect(ExitCode.Success).Json();
        Assert.True(resumed.GetProperty("resumed").GetBoolean());
        (await RunAsync("train", "--resume")).Expect(ExitCode.NothingToDo);
        (await RunAsync("adapter", "show", "--out", _folder["resumed.gguf"])).Expect(ExitCode.Success);

        // The same training without a stop, after the first adapter is gone: the same bits.
        (await RunAsync("adapter", "delete", resumed.GetProperty("adapter").GetProperty("id").GetString()!)).Expect(ExitCode.Success);
        (await RunAsync(["train", "--quiet", .. settings])).Expect(ExitCode.Success);
        (await RunAsync("adapter", "show", "--out", _folder["straight.gguf"])).Expect(ExitCode.Success);
        Assert.Equal(await File.ReadAllBytesAsync(_folder["straight.gguf"]), await File.ReadAllBytesAsync(_folder["resumed.gguf"]));
    }

    private static async Task WaitForStepAsync(Process process)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (await process.StandardError.ReadLineAsync(limit.Token) is { } line)
            if (line.StartsWith("step ", StringComparison.Ordinal)) return;
        Assert.Fail("training ended before its first step");
    }

    private static double Word(System.Text.Json.JsonElement parent, string name) => parent.GetProperty(name).GetProperty("perplexityPerWord").GetDouble();

    private async Task<List<string>> SuggestAsync(string text, params string[] options)
    {
        var json = (await RunAsync(["suggest", text, "--json", .. options])).Expect(ExitCode.Success).Json();
        return [.. json.GetProperty("suggestions").EnumerateArray().Select(word => word.GetProperty("word").GetString()!)];
    }

    private string[] Store() => ["--store", _folder["store"], "--key-file", _folder["key"]];

    private Task<ToolResult> RunAsync(params string[] args) => ToolRun.RunAsync([.. args, .. Store()]);
}
