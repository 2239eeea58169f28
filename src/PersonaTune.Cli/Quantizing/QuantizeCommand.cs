using System.CommandLine;
using System.Globalization;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Engine.Formats;

namespace PersonaTune.Cli.Quantizing;

/// <summary><c>quantize</c>: makes a GGUF model from a Hugging Face folder or another GGUF file.</summary>
internal static class QuantizeCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var source = new Argument<string>("source") { Description = "Hugging Face folder (config.json, safetensors, tokenizer.json) or GGUF file.", HelpName = "SOURCE" };
        var destination = new Argument<string>("destination") { Description = "GGUF file to write.", HelpName = "FILE" };
        var type = new Option<string>("--type", "-t") { Description = $"Type of the matrices: {string.Join(", ", TensorTypeInput.Names)}. Default: Q8_0.", HelpName = "TYPE", DefaultValueFactory = _ => "Q8_0" };
        var embedding = new Option<string?>("--embedding-type") { Description = "Type of the token embedding. Default: as the others.", HelpName = "TYPE" };
        var head = new Option<string?>("--head-type") { Description = "Type of an untied head. Default: as the others.", HelpName = "TYPE" };
        var name = new Option<string?>("--name") { Description = "The model's name in the new file. Default: the source's.", HelpName = "NAME" };
        var force = new Option<bool>("--force") { Description = "Overwrite an existing file." };
        var command = new Command("quantize", "Make a quantized GGUF model from a Hugging Face folder or another GGUF file.") { source, destination, type, embedding, head, name, force };
        Invocation.SetAction(command, shared, console, invocation =>
        {
            var options = new QuantizeOptions
            {
                Type = TensorTypeInput.Parse(invocation.Parse.GetValue(type)!),
                EmbeddingType = invocation.Parse.GetValue(embedding) is { } e ? TensorTypeInput.Parse(e) : null,
                HeadType = invocation.Parse.GetValue(head) is { } h ? TensorTypeInput.Parse(h) : null,
                Name = invocation.Parse.GetValue(name),
                Threads = invocation.Threads,
            };
            return Task.FromResult(Run(invocation, invocation.Parse.GetValue(source)!, invocation.Parse.GetValue(destination)!, options, invocation.Parse.GetValue(force)));
        });
        return command;
    }

    private static int Run(Invocation invocation, string source, string destination, QuantizeOptions options, bool force)
    {
        if (!File.Exists(source) && !Directory.Exists(source)) throw new ToolException(ExitCode.BadInput, $"{source}: no such folder or file");
        if (File.Exists(destination) && !force) throw new ToolException(ExitCode.Usage, $"{destination}: the file exists; choose another name, or overwrite it with --force");
        if (string.Equals(Path.GetFullPath(source), Path.GetFullPath(destination), StringComparison.Ordinal))
            throw new ToolException(ExitCode.Usage, $"{destination}: is the source itself; choose another file to write");
        var progress = invocation.Quiet ? null : new ConversionDisplay(invocation.Console.Error);
        var result = ModelConverter.Convert(source, destination, options, progress, invocation.Cancellation);
        if (result.SourceWasQuantized) invocation.Note($"{source}: was quantized already, so its errors add up; quantize from the original where you have it");
        foreach (var fallback in result.Fallbacks) invocation.Note($"{fallback}: its rows do not divide into blocks of {options.Type}; stored in another type");
        if (invocation.Json)
        {
            JsonReport.Write(invocation.Console.Out, json =>
            {
                json.WriteString("file", result.Path);
                json.WriteString("type", options.Type.ToString());
                json.WriteNumber("bytes", result.ByteLength);
                json.WriteString("sha256", result.Digest);
                json.WriteNumber("parameters", result.Parameters);
                json.WriteNumber("bitsPerWeight", 8.0 * result.ByteLength / result.Parameters);
                json.WriteStartArray("fallbacks");
                foreach (var fallback in result.Fallbacks) json.WriteStringValue(fallback);
                json.WriteEndArray();
                json.WriteBoolean("sourceWasQuantized", result.SourceWasQuantized);
            });
        }
        else
        {
            invocation.Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{result.Path}: {result.Parameters} parameters as {options.Type} in {result.ByteLength} bytes ({8.0 * result.ByteLength / result.Parameters:F2} bits a parameter), sha256 {result.Digest}"));
        }

        return ExitCode.Success;
    }
}
