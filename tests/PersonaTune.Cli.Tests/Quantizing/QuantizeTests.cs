using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Tests.Running;

namespace PersonaTune.Cli.Tests.Quantizing;

public sealed class QuantizeTests
{
    private static readonly string Base = Path.Combine(SharedData.SolutionRoot, "models", "keyboard-base-q8_0.gguf");

    [Theory]
    [InlineData("Q4_0")]
    [InlineData("q6_k")]
    public async Task Its_output_loads_and_computes(string type)
    {
        using var folder = new TemporaryFolder();
        var result = (await ToolRun.RunAsync("quantize", Base, folder["new.gguf"], "--type", type, "--json", "--quiet")).Expect(ExitCode.Success).Json();
        Assert.Equal(new FileInfo(folder["new.gguf"]).Length, result.GetProperty("bytes").GetInt64());
        Assert.True(result.GetProperty("sourceWasQuantized").GetBoolean());

        var inspected = (await ToolRun.RunAsync("inspect", folder["new.gguf"], "--json")).Expect(ExitCode.Success).Json();
        Assert.Equal(result.GetProperty("sha256").GetString(), inspected.GetProperty("sha256").GetString());
        Assert.Contains(inspected.GetProperty("tensors").EnumerateArray(), tensor => string.Equals(tensor.GetProperty("type").GetString(), type, StringComparison.OrdinalIgnoreCase));

        var old = await NllAsync(Base);
        var made = await NllAsync(folder["new.gguf"]);
        Assert.InRange(made, old * 0.8, old * 1.2);
    }

    [Fact]
    public async Task An_existing_file_is_kept_without_force_and_a_source_never_overwritten()
    {
        using var folder = new TemporaryFolder();
        var model = SharedData.Reference("models", "llama.gguf");
        folder.Write("there.gguf", "mine");
        (await ToolRun.RunAsync("quantize", model, folder["there.gguf"], "--type", "F16")).Expect(ExitCode.Usage);
        Assert.Equal("mine", await File.ReadAllTextAsync(folder["there.gguf"]));
        (await ToolRun.RunAsync("quantize", model, folder["there.gguf"], "--type", "F16", "--force")).Expect(ExitCode.Success);
        (await ToolRun.RunAsync("quantize", folder["there.gguf"], folder["there.gguf"], "--force")).Expect(ExitCode.Usage);
        (await ToolRun.RunAsync("quantize", model, folder["x.gguf"], "--type", "Q3_X")).Expect(ExitCode.Usage);
        (await ToolRun.RunAsync("quantize", folder["missing"], folder["x.gguf"])).Expect(ExitCode.BadInput);
    }

    private static async Task<double> NllAsync(string model)
    {
        var json = (await ToolRun.RunAsync("inspect", "logits", "--model", model, "--text", "I will be home late tonight", "--json")).Expect(ExitCode.Success).Json();
        return json.GetProperty("rows").EnumerateArray().Where(row => row.TryGetProperty("nextNll", out _)).Average(row => row.GetProperty("nextNll").GetDouble());
    }
}
