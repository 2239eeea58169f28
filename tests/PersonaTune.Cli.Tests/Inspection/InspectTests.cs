using System.Runtime.InteropServices;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Tests.Running;
using PersonaTune.Engine.Formats;

namespace PersonaTune.Cli.Tests.Inspection;

/// <summary>Expected values: tests/reference/models, computed by llama.cpp and PyTorch (see the README there).</summary>
public sealed class InspectTests
{
    private static readonly string Model = SharedData.Reference("models", "llama.gguf");
    private static readonly string Ids = SharedData.Reference("models", "ids.csv");
    private static readonly string Adapter = SharedData.Reference("models", "llama-lora.gguf");

    [Theory]
    [InlineData("llama.logits.f32", null, "1")]
    [InlineData("llama-lora.logits.f32", "llama-lora.gguf", "1")]
    [InlineData("llama-lora-half.logits.f32", "llama-lora.gguf", "0.5")]
    public async Task Logits_are_those_of_the_reference(string expected, string? adapter, string scale)
    {
        using var folder = new TemporaryFolder();
        string[] adapterOptions = adapter is null ? [] : ["--adapter", SharedData.Reference("models", adapter), "--scale", scale];
        (await ToolRun.RunAsync(["inspect", "logits", "--model", Model, "--ids-file", Ids, "--exact", "--out", folder["logits.f32"], .. adapterOptions])).Expect(ExitCode.Success);

        var found = MemoryMarshal.Cast<byte, float>(await File.ReadAllBytesAsync(folder["logits.f32"])).ToArray();
        var reference = MemoryMarshal.Cast<byte, float>(await File.ReadAllBytesAsync(SharedData.Reference("models", expected))).ToArray();
        Assert.Equal(reference.Length, found.Length);
        Assert.True(reference.Zip(found, (a, b) => Math.Abs(a - b)).Max() < 1e-3);
    }

    [Fact]
    public async Task Gradients_are_those_of_the_reference()
    {
        using var folder = new TemporaryFolder();
        string[] line = ["inspect", "gradients", "--model", Model, "--ids-file", Ids, "--adapter", Adapter];
        var json = (await ToolRun.RunAsync([.. line, "--json", "--out", folder["g.safetensors"]])).Expect(ExitCode.Success).Json();

        using var expected = SafetensorsFile.Open(SharedData.Reference("models", "llama-lora.gradients.safetensors"));
        using var found = SafetensorsFile.Open(folder["g.safetensors"]);
        Assert.Equal(expected.GetDoubles("loss")[0], json.GetProperty("loss").GetDouble(), 1e-3);
        var names = expected.Tensors.Select(tensor => tensor.Name).Where(name => name.StartsWith("grad.", StringComparison.Ordinal)).ToList();
        Assert.Equal(16, names.Count);
        Assert.Equal(names.Count + 1, found.Tensors.Count);
        foreach (var name in names)
        {
            var (theirs, ours) = (expected.GetDoubles(name), found.GetFloats(name));
            var error = Math.Sqrt(theirs.Zip(ours, (a, b) => (a - b) * (a - b)).Sum() / theirs.Sum(a => a * a));
            Assert.True(error < 1e-4, $"{name}: relative error {error:E2}");
        }

        (await ToolRun.RunAsync([.. line, "--out", folder["g.f32"]])).Expect(ExitCode.Usage);
        (await ToolRun.RunAsync(line[..^2])).Expect(ExitCode.Usage);
    }

    [Fact]
    public async Task Logits_as_safetensors_and_json_agree_with_the_bare_values()
    {
        using var folder = new TemporaryFolder();
        string[] common = ["inspect", "logits", "--model", Model, "--ids", "68, 32 130,60", "--json", "--out"];
        (await ToolRun.RunAsync([.. common, folder["a.f32"]])).Expect(ExitCode.Success);
        var result = (await ToolRun.RunAsync([.. common, folder["a.safetensors"]])).Expect(ExitCode.Success);

        var bare = MemoryMarshal.Cast<byte, float>(await File.ReadAllBytesAsync(folder["a.f32"])).ToArray();
        using var file = SafetensorsFile.Open(folder["a.safetensors"]);
        Assert.Equal(bare, file.GetFloats("logits"));
        Assert.Equal("[4, 256]", file.GetTensor("logits").ShapeText);
        var json = result.Json();
        Assert.Equal(4, json.GetProperty("rows").GetArrayLength());
        var first = bare[..256];
        Assert.Equal(Array.IndexOf(first, first.Max()), json.GetProperty("rows")[0].GetProperty("best").GetInt32());
        var nll = Math.Log(first.Sum(x => Math.Exp(x))) - first[32];
        Assert.Equal(nll, json.GetProperty("rows")[0].GetProperty("nextNll").GetDouble(), 4);
    }

    [Fact]
    public async Task A_file_shows_its_metadata()
    {
        var json = (await ToolRun.RunAsync("inspect", Model, "--json")).Expect(ExitCode.Success).Json();
        Assert.StartsWith("GGUF version", json.GetProperty("format").GetString(), StringComparison.Ordinal);
        Assert.Equal("llama", json.GetProperty("metadata").GetProperty("general.architecture").GetString());
        Assert.Contains(json.GetProperty("tensors").EnumerateArray(), tensor => tensor.GetProperty("name").GetString() == "blk.0.attn_q.weight");

        var gradients = SharedData.Reference("models", "llama-lora.gradients.safetensors");
        Assert.Equal("safetensors", (await ToolRun.RunAsync("inspect", gradients, "--json")).Expect(ExitCode.Success).Json().GetProperty("format").GetString());
        Assert.Contains("general.architecture = llama", (await ToolRun.RunAsync("inspect", Adapter)).Expect(ExitCode.Success).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tensors_are_listed_and_written_decoded()
    {
        using var folder = new TemporaryFolder();
        var model = SharedData.Reference("models", "wide-Q4_0.gguf");
        var list = (await ToolRun.RunAsync("inspect", "tensors", "--model", model, "--name", "blk.0.attn_?.weight", "--json")).Expect(ExitCode.Success).Json();
        Assert.Equal(3, list.GetProperty("tensors").GetArrayLength());

        (await ToolRun.RunAsync("inspect", "tensors", "--model", model, "--name", "blk.0.attn_q.weight", "--out", folder["q.f32"])).Expect(ExitCode.Success);
        (await ToolRun.RunAsync("inspect", "tensors", "--model", model, "--name", "blk.0.*", "--out", folder["all.safetensors"])).Expect(ExitCode.Success);
        using var file = GgufFile.Open(model);
        var expected = file.GetFloats("blk.0.attn_q.weight");
        Assert.Equal(expected, MemoryMarshal.Cast<byte, float>(await File.ReadAllBytesAsync(folder["q.f32"])).ToArray());
        using var all = SafetensorsFile.Open(folder["all.safetensors"]);
        Assert.Equal(expected, all.GetFloats("blk.0.attn_q.weight"));

        (await ToolRun.RunAsync("inspect", "tensors", "--model", model, "--out", folder["many.f32"])).Expect(ExitCode.Usage);
        (await ToolRun.RunAsync("inspect", "tensors", "--model", model, "--name", "nothing*")).Expect(ExitCode.NothingToDo);
    }

    [Fact]
    public async Task Tokens_of_a_text_and_text_of_tokens()
    {
        var model = Path.Combine(SharedData.SolutionRoot, "models", "keyboard-base-q8_0.gguf");
        var encoded = (await ToolRun.RunAsync("inspect", "tokens", "--model", model, "--text", "see you later 💀", "--json")).Expect(ExitCode.Success).Json();
        var ids = string.Join(',', encoded.GetProperty("tokens").EnumerateArray().Select(token => token.GetProperty("id").GetInt32()));
        var decoded = (await ToolRun.RunAsync("inspect", "tokens", "--model", model, "--ids", ids, "--json")).Expect(ExitCode.Success).Json();
        Assert.Equal("see you later 💀", decoded.GetProperty("text").GetString());
        Assert.True(encoded.GetProperty("tokens")[0].GetProperty("control").GetBoolean());
        Assert.Contains("bytes f0", (await ToolRun.RunAsync("inspect", "tokens", "--model", model, "--text", "💀")).Expect(ExitCode.Success).Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1,2,300", "token id 300 is outside")]
    [InlineData("1,-2", "is no token id")]
    [InlineData("1,two", "is no token id")]
    [InlineData(", ,", "no token ids")]
    public async Task Ids_that_are_none_are_refused(string ids, string message)
    {
        var result = (await ToolRun.RunAsync("inspect", "logits", "--model", Model, "--ids", ids)).Expect(ExitCode.BadInput);
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
    }
}
