using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using PersonaTune.Aggregator.Hosting;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Device.Federation;
using PersonaTune.Engine.Lora;
using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Privacy.Signing;
using PersonaTune.Protocol.Releases;
using PersonaTune.Protocol.Tasks;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Cli.Adapters;

/// <summary><c>adapter fetch</c>: a released global adapter from an aggregator, verified, as an adapter file.</summary>
internal static class AdapterFetchCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var url = new Option<string>("--url") { Description = "The aggregator.", HelpName = "URL", Required = true };
        var task = new Option<string>("--task") { Description = "The task.", HelpName = "NAME", Required = true };
        var release = new Option<int?>("--release") { Description = "The release. Default: the newest for everybody.", HelpName = "N" };
        var pin = new Option<string?>("--keys") { Description = "The folder of the deployment's keys, for the operator's public key. Default: believe the key that the aggregator names, for trying things out.", HelpName = "FOLDER" };
        var output = new Option<string>("--out") { Description = "Adapter file to write: GGUF, or safetensors by that extension.", HelpName = "FILE", Required = true };
        var command = new Command("fetch", "Fetch a released global adapter from an aggregator, verify it and write it as an adapter file.") { url, task, release, pin, output };
        release.Require("at least 1", value => value is null or >= 1);
        Invocation.SetAction(command, shared, console, async invocation =>
        {
            var parse = invocation.Parse;
            if (!Uri.TryCreate(parse.GetValue(url), UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
                throw new ToolException(ExitCode.Usage, $"--url: expected an http or https address, got '{parse.GetValue(url)}'");
            using var http = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromMinutes(2) };
            try
            {
                var client = new AggregatorClient(http, null);
                var operatorKeys = parse.GetValue(pin) is { } folder
                    ? [ServiceFolder.Open(folder, create: false).Keys().OperatorPublicKey]
                    : (await client.GetKeysAsync(invocation.Cancellation)).OperatorKeys;
                return await FetchAsync(invocation, client, new EnvelopeVerifier(operatorKeys), parse.GetValue(task)!, parse.GetValue(release), parse.GetValue(output)!);
            }
            catch (RefusalException e)
            {
                throw new ToolException(ExitCode.BadInput, e.Message, e);
            }
            catch (Exception e) when (e is AggregatorException or SigningException or VectorFormatException or InvalidOperationException)
            {
                throw new ToolException(ExitCode.Failure, e.Message, e);
            }
        });
        return command;
    }

    private static async Task<int> FetchAsync(Invocation invocation, AggregatorClient client, EnvelopeVerifier operators, string name, int? number, string output)
    {
        var summary = (await client.ListTasksAsync(invocation.Cancellation)).Tasks.FirstOrDefault(task => task.Name == name)
            ?? throw new ToolException(ExitCode.NothingToDo, $"the aggregator has no task '{name}'; look at its dashboard");
        var task = JsonSerializer.Deserialize(operators.Open(summary.Envelope.Span, TaskDefinition.SigningContext).Span, ProtocolJson.Default.TaskDefinition)!;
        if (task.Adapter.Lora is not { } lora) throw new ToolException(ExitCode.NothingToDo, $"task '{name}' trains {task.Adapter.Kind}, not a LoRA adapter");
        var chosen = number ?? summary.Release;
        if (chosen == 0) throw new ToolException(ExitCode.NothingToDo, $"task '{name}' has released nothing yet; wait for its first round");
        var manifest = JsonSerializer.Deserialize(
            operators.Open((await client.GetReleaseAsync(name, chosen, invocation.Cancellation)).Envelope.Span, ReleaseManifest.SigningContext).Span, ProtocolJson.Default.ReleaseManifest)!;
        var bytes = await client.GetVectorAsync(name, chosen, invocation.Cancellation);
        if (manifest.Task != name || manifest.Number != chosen || Convert.ToHexStringLower(SHA256.HashData(bytes.Span)) != manifest.VectorDigest)
            throw new ToolException(ExitCode.BadInput, $"release {chosen} is not what the operator signed; do not use it");
        using var model = invocation.LoadModel();
        if (model.Digest != manifest.BaseModelDigest)
            throw new ToolException(ExitCode.WrongBase, $"the adapter is for the base model {manifest.BaseModelDigest}, this one is {model.Digest}; name the right one with --model");
        var layout = new GlobalAdapterLayout(model, lora.ToLoraConfig());
        if (layout.SchemaHash != manifest.SchemaHash) throw new ToolException(ExitCode.WrongBase, "the adapter's layout is not the one that follows from the task's terms; update the tool");
        var adapter = layout.Write(VectorEncoding.Decode(bytes.Span, layout.Dimension));
        if (output.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase)) LoraSafetensors.Write(adapter, output);
        else LoraGguf.Write(adapter, model, output);
        var epsilon = manifest.Privacy.Epsilon is { } spent ? string.Create(CultureInfo.InvariantCulture, $"epsilon {spent:G4} at delta {manifest.Privacy.Delta:G3}") : "no differential privacy";
        if (invocation.Json)
        {
            JsonReport.Write(invocation.Console.Out, json =>
            {
                json.WriteString("task", name);
                json.WriteNumber("release", chosen);
                json.WriteString("file", output);
                if (manifest.Privacy.Epsilon is { } value) json.WriteNumber("epsilon", value);
            });
        }
        else invocation.Console.Out.WriteLine($"release {chosen} of '{name}' ({epsilon}) is in {output}");
        return ExitCode.Success;
    }
}
