using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Tests.Running;

namespace PersonaTune.Cli.Tests.Failures;

/// <summary>Input files that cannot be used: one clear message, exit code 3 (6 for an adapter of another base), nothing on stdout.</summary>
public sealed class BadFileTests
{
    private static readonly string Model = SharedData.Reference("models", "llama.gguf");

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(200)]
    [InlineData(0.5)]
    [InlineData(0.999)]
    public async Task A_truncated_model_is_refused(double length)
    {
        using var folder = new TemporaryFolder();
        var bytes = await File.ReadAllBytesAsync(Model);
        await File.WriteAllBytesAsync(folder["cut.gguf"], bytes[..(int)(length is > 0 and < 1 ? bytes.Length * length : length)]);
        foreach (var line in (string[][])[["inspect", folder["cut.gguf"]], ["inspect", "logits", "--ids", "1,2", "--model", folder["cut.gguf"]], ["quantize", folder["cut.gguf"], folder["out.gguf"]]])
        {
            var result = (await ToolRun.RunAsync(line)).Expect(ExitCode.BadInput);
            Assert.Contains("cut.gguf", result.Error, StringComparison.Ordinal);
            Assert.Equal(string.Empty, result.Out);
        }

        Assert.False(File.Exists(folder["out.gguf"]));
    }

    [Fact]
    public async Task An_adapter_for_another_base_is_refused()
    {
        var other = SharedData.Reference("models", "wide-Q8_0.gguf");
        var result = (await ToolRun.RunAsync("inspect", "logits", "--ids", "1,2", "--model", other, "--adapter", SharedData.Reference("models", "llama-lora.gguf"))).Expect(ExitCode.WrongBase);
        Assert.Contains("adapter", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_given_as_an_adapter_is_refused()
    {
        var result = (await ToolRun.RunAsync("inspect", "logits", "--ids", "1,2", "--model", Model, "--adapter", Model)).Expect(ExitCode.BadInput);
        Assert.Contains("adapter", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_without_a_vocabulary_says_so()
    {
        var result = (await ToolRun.RunAsync("inspect", "tokens", "--text", "hello", "--model", Model)).Expect(ExitCode.BadInput);
        Assert.Contains("no tokenizer", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \n\t\n")]
    [InlineData("{\"text\": \"  \"}\n")]
    [InlineData("{\"text\": 3}\n")]
    [InlineData("{\"user\": \"a\"\n")]
    [InlineData("{\"text\": \"a\", \"time\": \"yesterday\"}\n")]
    [InlineData("{\"text\": \"\\ud83d\"}\n")]
    [InlineData("zero\0byte")]
    public async Task A_text_file_that_holds_no_messages_is_refused_and_creates_no_store(string content)
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("messages.txt", content);
        var result = (await ToolRun.RunAsync("store", "add", file, "--store", folder["store"], "--key-file", folder["key"])).Expect(ExitCode.BadInput);
        Assert.Contains("messages.txt", result.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["store"]));
    }

    [Fact]
    public async Task Bytes_that_are_no_utf8_are_refused()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllBytesAsync(folder["latin1.txt"], [0x63, 0x61, 0x66, 0xE9, 0x0A]);
        var result = (await ToolRun.RunAsync("store", "add", folder["latin1.txt"], "--store", folder["store"], "--key-file", folder["key"])).Expect(ExitCode.BadInput);
        Assert.Contains("UTF-8", result.Error, StringComparison.Ordinal);
    }
}
