using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Tests.Running;

namespace PersonaTune.Cli.Tests.Adapters;

public sealed class AdapterFilesTests : IDisposable
{
    private static readonly string Base = SharedData.Reference("models", "llama.gguf");
    private static readonly string Gguf = SharedData.Reference("models", "llama-lora.gguf");
    private static readonly string Peft = SharedData.Reference("models", "llama-lora-peft");
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Adapters_are_converted_round_and_merged()
    {
        (await Convert(Gguf, "peft", "peft")).Expect(ExitCode.Success);
        (await Convert(_folder["peft"], "back.gguf", "gguf")).Expect(ExitCode.Success);
        (await Convert(Peft, "own.safetensors", "safetensors")).Expect(ExitCode.Success);
        (await Convert(_folder["own.safetensors"], "own.gguf", "gguf")).Expect(ExitCode.Success);
        Assert.Equal(await File.ReadAllBytesAsync(_folder["back.gguf"]), await File.ReadAllBytesAsync(_folder["own.gguf"]));
        (await Convert(Peft, "ort.onnx_adapter", "onnx")).Expect(ExitCode.Success);
        Assert.Contains("exists", (await Convert(Gguf, "peft", "peft")).Expect(ExitCode.Usage).Error, StringComparison.Ordinal);
        (await ToolRun.RunAsync("adapter", "convert", Gguf, _folder["peft"], "--to", "peft", "--model", Base, "--force")).Expect(ExitCode.Success);

        var merged = (await ToolRun.RunAsync("adapter", "merge", _folder["merged.gguf"], "--adapter", Peft + ":0.5", "--adapter", Gguf + ":0.5", "--model", Base, "--json", "--quiet")).Expect(ExitCode.Success).Json();
        Assert.Equal((8, 0.0), (merged.GetProperty("tensors").GetInt32(), merged.GetProperty("encodingError").GetDouble()));
        var logits = (await ToolRun.RunAsync("inspect", "logits", "--ids", "1,2,3", "--model", _folder["merged.gguf"], "--json")).Expect(ExitCode.Success);
        Assert.NotEmpty(logits.Out);
        Assert.Equal(await Logits("--adapter", Gguf), await Logits("--adapter", Peft));
        Assert.Equal(await Logits("--adapter", Gguf, "--scale", "0.5"), await Logits("--adapter", _folder["own.safetensors"], "--scale", "0.5"));
        File.Copy(Gguf, _folder["odd:2"]);
        (await ToolRun.RunAsync("adapter", "merge", _folder["odd.gguf"], "--adapter", _folder["odd:2"], "--model", Base)).Expect(ExitCode.Success);
        (await ToolRun.RunAsync("adapter", "merge", _folder["even.gguf"], "--adapter", Gguf, "--model", Base)).Expect(ExitCode.Success);
        Assert.Equal(await File.ReadAllBytesAsync(_folder["even.gguf"]), await File.ReadAllBytesAsync(_folder["odd.gguf"]));
        var one = (await ToolRun.RunAsync("adapter", "merge", _folder["one.gguf"], "--adapter", Peft, "--adapter", Gguf + ":-1", "--model", Base, "--adapter-only", "--json")).Expect(ExitCode.Success).Json();
        Assert.Equal((2, 8), (one.GetProperty("adapters").GetInt32(), one.GetProperty("pairs").GetInt32()));
        (await ToolRun.RunAsync("adapter", "merge", Base, "--adapter", Peft, "--model", Base, "--force")).Expect(ExitCode.Usage);
        (await ToolRun.RunAsync("adapter", "merge", _folder["x.gguf"], "--adapter", Peft, "--model", Base, "--type", "Q9")).Expect(ExitCode.Usage);
        (await ToolRun.RunAsync("adapter", "convert", Peft, _folder["x"], "--to", "gguf", "--model", SharedData.Reference("models", "wide-Q4_0.gguf"))).Expect(ExitCode.WrongBase);
        (await ToolRun.RunAsync("adapter", "convert", Base, _folder["x"], "--to", "gguf", "--model", Base)).Expect(ExitCode.BadInput);
    }

    [Fact]
    public async Task An_adapter_travels_from_one_store_to_another()
    {
        var model = Path.Combine(SharedData.SolutionRoot, "models", "keyboard-base-q8_0.gguf");
        // Something to export: an adapter for the keyboard's model, from a file.
        await File.WriteAllBytesAsync(_folder["own.safetensors"], Adapter(model));
        string[] phone = ["--store", _folder["phone"], "--key-file", _folder["phone.key"]], tablet = ["--store", _folder["tablet"], "--key-file", _folder["tablet.key"]];
        var imported = (await ToolRun.RunAsync(["adapter", "import", _folder["own.safetensors"], "--unsigned", "--activate", "--json", .. phone])).Expect(ExitCode.Success).Json();
        Assert.Equal("Active", imported.GetProperty("state").GetString());
        (await ToolRun.RunAsync(["store", "add", "--text", "hello", .. tablet])).Expect(ExitCode.Success);
        var (signing, transfer) = ((await ToolRun.RunAsync(["adapter", "keys", "--json", .. phone])).Expect(ExitCode.Success).Json().GetProperty("signingKey").GetString()!,
            (await ToolRun.RunAsync(["adapter", "keys", "--json", .. tablet])).Expect(ExitCode.Success).Json().GetProperty("transferKey").GetString()!);
        Assert.Equal(1, (await ToolRun.RunAsync("adapter", "trust", _folder["trust.json"], "--audience", "notes", "--pin", signing, "--json")).Expect(ExitCode.Success).Json().GetProperty("pinnedKeys").GetInt32());
        var exported = (await ToolRun.RunAsync(["adapter", "export", _folder["a.ptad"], "--audience", "notes", "--recipient", transfer, "--bundle-version", "2", "--json", .. phone])).Expect(ExitCode.Success).Json();
        Assert.Equal((2, true, new FileInfo(_folder["a.ptad"]).Length), (exported.GetProperty("version").GetInt32(), exported.GetProperty("encrypted").GetBoolean(), exported.GetProperty("bytes").GetInt64()));
        (await ToolRun.RunAsync(["adapter", "import", _folder["a.ptad"], "--trust", _folder["trust.json"], "--encrypted", .. tablet])).Expect(ExitCode.Success);
        Assert.Contains("imported before", (await ToolRun.RunAsync(["adapter", "import", _folder["a.ptad"], "--trust", _folder["trust.json"], "--encrypted", .. tablet])).Expect(ExitCode.BadInput).Error, StringComparison.Ordinal);
        Assert.Contains("version 2, CN=PersonaTune device", (await ToolRun.RunAsync(["adapter", "list", .. tablet])).Expect(ExitCode.Success).Out, StringComparison.Ordinal);

        (await ToolRun.RunAsync(["adapter", "export", _folder["old.ptad"], "--audience", "notes", "--recipient", transfer, .. phone])).Expect(ExitCode.Success);
        Assert.Contains("version 2 was accepted", (await ToolRun.RunAsync(["adapter", "import", _folder["old.ptad"], "--trust", _folder["trust.json"], "--encrypted", .. tablet])).Expect(ExitCode.BadInput).Error, StringComparison.Ordinal);
        (await ToolRun.RunAsync("adapter", "trust", _folder["trust.json"], "--revoke", signing)).Expect(ExitCode.Success);
        (await ToolRun.RunAsync(["adapter", "export", _folder["b.ptad"], "--audience", "notes", "--bundle-version", "3", .. phone])).Expect(ExitCode.Success);
        Assert.Contains("revoked", (await ToolRun.RunAsync(["adapter", "import", _folder["b.ptad"], "--trust", _folder["trust.json"], .. tablet])).Expect(ExitCode.BadInput).Error, StringComparison.Ordinal);
        (await ToolRun.RunAsync(["adapter", "import", _folder["b.ptad"], .. tablet])).Expect(ExitCode.Usage);
        (await ToolRun.RunAsync("adapter", "trust", _folder["new.json"])).Expect(ExitCode.Usage);
        (await ToolRun.RunAsync("adapter", "trust", _folder["trust.json"], "--pin", "abc")).Expect(ExitCode.Usage);
        (await ToolRun.RunAsync(["adapter", "export", _folder["c.ptad"], "--audience", "notes", "--recipient", "abc", .. phone])).Expect(ExitCode.Usage);
    }

    [Fact]
    [Trait("Duration", "Long")]
    public async Task The_exchange_example_refuses_every_forgery()
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await AdapterExchange.Exchange.RunAsync(output, error);
        Assert.True(code == 0, output + error.ToString());
        Assert.Equal(10, output.ToString().Split(": refused (").Length - 1);
    }

    private static byte[] Adapter(string path)
    {
        using var model = Engine.Models.ModelLoader.Load(path);
        var adapter = Engine.Lora.LoraInitialization.Create(model, new Engine.Lora.LoraConfig { Rank = 2, Alpha = 4 });
        foreach (var (_, _, pair) in adapter.Pairs()) Array.Fill(pair.B, 0.01f);
        return Engine.Lora.LoraSafetensors.Write(adapter);
    }

    private static async Task<string> Logits(params string[] adapter) =>
        (await ToolRun.RunAsync(["inspect", "logits", "--ids", "1,2,3", "--model", Base, "--json", .. adapter])).Expect(ExitCode.Success).Out;

    private Task<ToolResult> Convert(string source, string destination, string format) =>
        ToolRun.RunAsync("adapter", "convert", source, _folder[destination], "--to", format, "--model", Base);
}
