using System.CommandLine;
using System.Globalization;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Quantizing;
using PersonaTune.Cli.Terminal;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Cli.Adapters;

/// <summary><c>adapter merge</c>: adapters into a full model, or several into one.</summary>
internal static class AdapterMergeCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var output = new Argument<string>("destination") { Description = "GGUF file to write.", HelpName = "FILE" };
        var adapters = new Option<string[]>("--adapter", "-a") { Description = "Adapter, with a factor behind a colon where it is not 1 (path:0.5); may be repeated.", HelpName = "PATH[:FACTOR]", Required = true };
        var type = new Option<string?>("--type", "-t") { Description = "Type of the changed matrices. Default: each keeps its own.", HelpName = "TYPE" };
        var only = new Option<bool>("--adapter-only") { Description = "Write the sum of the adapters as one GGUF adapter instead of a full model." };
        var force = new Option<bool>("--force") { Description = "Overwrite an existing file." };
        var command = new Command("merge", "Merge adapters into a full GGUF model, or into one adapter.") { output, adapters, type, only, force, shared.Model };
        Invocation.SetAction(command, shared, console, invocation =>
        {
            var path = invocation.Parse.GetValue(output)!;
            if (File.Exists(path) && !invocation.Parse.GetValue(force)) throw new ToolException(ExitCode.Usage, $"{path}: the file exists; choose another name, or overwrite it with --force");
            var basePath = ModelLocation.Find(invocation.Parse.GetValue(shared.Model));
            if (string.Equals(Path.GetFullPath(basePath), Path.GetFullPath(path), StringComparison.Ordinal)) throw new ToolException(ExitCode.Usage, $"{path}: is the base itself; choose another file to write");
            var model = invocation.Own(invocation.LoadModel());
            var stack = invocation.Parse.GetValue(adapters)!.Select(Parse).Select(entry => (AdapterFiles.Read(entry.Path, model), entry.Factor)).ToArray();
            var wanted = invocation.Parse.GetValue(type) is { } name ? TensorTypeInput.Parse(name) : (TensorType?)null;
            if (invocation.Parse.GetValue(only))
            {
                if (wanted is not null) throw new ToolException(ExitCode.Usage, "adapter merge: --type is for full models; leave it out with --adapter-only");
                var merged = LoraStack.Merge(model, stack);
                LoraGguf.Write(merged, model, path);
                var layers = merged.Pairs().Count();
                invocation.Report(string.Create(CultureInfo.InvariantCulture, $"{path}: {stack.Length} adapters as one, {layers} layers"), json =>
                {
                    json.WriteString("file", path);
                    json.WriteNumber("adapters", stack.Length);
                    json.WriteNumber("pairs", layers);
                });
                return Task.FromResult(ExitCode.Success);
            }

            var result = ModelMerger.Merge(basePath, stack, path, wanted, invocation.Quiet ? null : new ConversionDisplay(invocation.Console.Error), invocation.Cancellation);
            if (invocation.Json)
            {
                JsonReport.Write(invocation.Console.Out, json =>
                {
                    json.WriteString("file", result.Path);
                    json.WriteString("sha256", result.Digest);
                    json.WriteNumber("bytes", result.ByteLength);
                    json.WriteNumber("tensors", result.Tensors);
                    json.WriteNumber("encodingError", result.EncodingError);
                });
            }
            else
            {
                invocation.Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{result.Path}: {result.Tensors} matrices changed, {result.ByteLength} bytes, encoding error {result.EncodingError:P2} of them, sha256 {result.Digest}"));
            }

            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    // A colon in a path stays part of it unless a number follows and nothing has the whole name.
    private static (string Path, float Factor) Parse(string text)
    {
        if (File.Exists(text) || Directory.Exists(text)) return (text, 1f);
        var colon = text.LastIndexOf(':');
        var (path, factor) = colon > 0 && float.TryParse(text[(colon + 1)..], NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? (text[..colon], number) : (text, 1f);
        if (!float.IsFinite(factor)) throw new ToolException(ExitCode.Usage, $"{text}: the factor must be finite");
        return File.Exists(path) || Directory.Exists(path) ? (path, factor) : throw new ToolException(ExitCode.BadInput, $"{path}: no such adapter file or folder");
    }
}
