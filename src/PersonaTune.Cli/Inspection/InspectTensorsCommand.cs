using System.CommandLine;
using System.Globalization;
using System.IO.Enumeration;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Engine.Formats;

namespace PersonaTune.Cli.Inspection;

/// <summary><c>inspect tensors</c>: lists the tensors of a GGUF file, or writes them decoded to f32.</summary>
internal static class InspectTensorsCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var name = new Option<string>("--name") { Description = "Only tensors of this name; * and ? match. Default: all.", HelpName = "PATTERN", DefaultValueFactory = _ => "*" };
        var output = new Option<string?>("--out") { Description = "Write the values as f32: safetensors by that extension, otherwise bare little-endian values of one tensor.", HelpName = "FILE" };
        var command = new Command("tensors", "List the tensors of a model or adapter file, or write them decoded to f32.") { shared.Model, name, output };
        Invocation.SetAction(command, shared, console, invocation => Task.FromResult(
            Run(invocation, ModelLocation.Find(invocation.Parse.GetValue(shared.Model)), invocation.Parse.GetValue(name)!, invocation.Parse.GetValue(output))));
        return command;
    }

    private static int Run(Invocation invocation, string path, string pattern, string? output)
    {
        using var file = GgufFile.Open(path);
        var chosen = file.Tensors.Where(tensor => FileSystemName.MatchesSimpleExpression(pattern, tensor.Name, ignoreCase: false)).ToList();
        if (chosen.Count == 0) throw new ToolException(ExitCode.NothingToDo, $"{path}: no tensor is named '{pattern}'; list them with 'personatune inspect tensors'");
        var summaries = chosen.Select(tensor => new TensorSummary(tensor.Name, tensor.Type.ToString(), [.. tensor.Shape.Reverse()], tensor.ByteLength)).ToList();
        if (output is not null)
        {
            // One tensor is decoded at a time: a model may be larger than memory.
            if (output.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase)) WriteAll(file, chosen, output);
            else TensorOutput.Write(output, [.. chosen.Select(tensor => new NamedTensor(tensor.Name, [.. tensor.Shape.Reverse()], chosen.Count == 1 ? file.GetFloats(tensor.Name) : []))]);
        }

        if (invocation.Json)
        {
            JsonReport.Write(invocation.Console.Out, json =>
            {
                json.WriteString("file", path);
                json.WriteString("out", output);
                TensorReport.Write(json, summaries);
            });
        }
        else if (output is null)
        {
            foreach (var tensor in summaries)
                invocation.Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{tensor.Name,-32} {tensor.Type,-5} {tensor.ShapeText,-16} {tensor.Bytes,12} bytes"));
        }
        else invocation.Note($"{output}: {chosen.Count} tensors");

        return ExitCode.Success;
    }

    private static void WriteAll(GgufFile file, List<GgufTensor> tensors, string output)
    {
        var writer = new SafetensorsWriter();
        foreach (var tensor in tensors)
        {
            writer.Add(tensor.Name, SafetensorsType.F32, [.. tensor.Shape.Reverse()], checked(tensor.ElementCount * 4),
                stream => stream.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes(file.GetFloats(tensor.Name).AsSpan())));
        }

        writer.Write(output);
    }
}
