using System.CommandLine;
using System.Globalization;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Engine.Lora;

namespace PersonaTune.Cli.Adapters;

/// <summary><c>adapter convert</c>: adapter files between formats.</summary>
internal static class AdapterConvertCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var source = new Argument<string>("source") { Description = "Adapter: a PEFT or mlx-lm folder, a GGUF file, or a safetensors file of PersonaTune.", HelpName = "SOURCE" };
        var output = new Argument<string>("destination") { Description = "Folder (peft) or file to write.", HelpName = "DESTINATION" };
        var to = new Option<string>("--to", "-t") { Description = "Format: peft, gguf, safetensors or onnx (.onnx_adapter).", HelpName = "FORMAT", Required = true };
        to.Require("peft, gguf, safetensors or onnx", value => value is "peft" or "gguf" or "safetensors" or "onnx");
        var baseName = new Option<string?>("--base-name") { Description = "The base model's name in a PEFT configuration. Default: what a PEFT source says, else the model's digest.", HelpName = "NAME" };
        var force = new Option<bool>("--force") { Description = "Overwrite an existing file or PEFT folder." };
        var command = new Command("convert", "Convert an adapter between PEFT, llama.cpp GGUF, ONNX Runtime and PersonaTune's own file.") { source, output, to, baseName, force, shared.Model };
        Invocation.SetAction(command, shared, console, invocation =>
        {
            var (from, path, overwrite) = (invocation.Parse.GetValue(source)!, invocation.Parse.GetValue(output)!, invocation.Parse.GetValue(force));
            if (!File.Exists(from) && !Directory.Exists(from)) throw new ToolException(ExitCode.BadInput, $"{from}: no such file or folder");
            var format = invocation.Parse.GetValue(to) switch { "peft" => AdapterFormat.Peft, "gguf" => AdapterFormat.Gguf, "onnx" => AdapterFormat.Onnx, _ => AdapterFormat.Safetensors };
            if (!overwrite && (File.Exists(path) || (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any())))
                throw new ToolException(ExitCode.Usage, $"{path}: exists; choose another name, or overwrite it with --force");
            var model = invocation.Own(invocation.LoadModel());
            var adapter = AdapterFiles.Read(from, model);
            var baseModel = invocation.Parse.GetValue(baseName) ?? (PeftAdapter.Exists(from) ? PeftAdapter.BaseModelName(from) : null);
            AdapterFiles.Write(adapter, model, path, format, new PeftExportOptions { BaseModel = baseModel, Overwrite = overwrite });
            var pairs = adapter.Pairs().ToArray();
            if (invocation.Json)
            {
                JsonReport.Write(invocation.Console.Out, json =>
                {
                    json.WriteString("destination", path);
                    json.WriteString("format", invocation.Parse.GetValue(to));
                    json.WriteNumber("pairs", pairs.Length);
                    json.WriteNumber("parameters", pairs.Sum(entry => (long)entry.Pair.A.Length + entry.Pair.B.Length));
                });
            }
            else
            {
                invocation.Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{path}: {pairs.Length} layers, rank {pairs.Min(entry => entry.Pair.Rank)} to {pairs.Max(entry => entry.Pair.Rank)}, {pairs.Sum(entry => (long)entry.Pair.A.Length + entry.Pair.B.Length)} parameters as {invocation.Parse.GetValue(to)}"));
            }

            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }
}
