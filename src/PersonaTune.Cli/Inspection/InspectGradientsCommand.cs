using System.CommandLine;
using System.Globalization;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Training;

namespace PersonaTune.Cli.Inspection;

/// <summary><c>inspect gradients</c>: loss of a sequence and its gradient with respect to an adapter.</summary>
internal static class InspectGradientsCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var input = new TokenInput();
        var adapter = new AdapterInput();
        var output = new Option<string?>("--out") { Description = "Write loss and gradients as safetensors: loss, grad.<tensor>.lora_a, grad.<tensor>.lora_b.", HelpName = "FILE" };
        var command = new Command("gradients", "Show or write the loss of a sequence and its gradient with respect to an adapter; activations are f32.") { shared.Model, output };
        input.AddTo(command);
        adapter.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetResult(adapter.Adapter) is null) result.AddError("gradients: expected --adapter; the base model is frozen and has none");
        });
        Invocation.SetAction(command, shared, console, invocation => Task.FromResult(Run(invocation, input, adapter, invocation.Parse.GetValue(output))));
        return command;
    }

    private static int Run(Invocation invocation, TokenInput input, AdapterInput adapterInput, string? output)
    {
        if (output is not null && !output.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
            throw new ToolException(ExitCode.Usage, $"{output}: gradients are many tensors; choose a file that ends in .safetensors");
        using var model = invocation.LoadModel();
        var adapter = Scaled(adapterInput.Read(invocation, model)!, invocation.Parse.GetValue(adapterInput.Scale));
        var ids = input.Read(invocation, model);
        if (ids.Length < 2) throw new ToolException(ExitCode.BadInput, "a loss needs at least 2 tokens; give more ids or a longer text");
        using var pool = invocation.CreatePool();
        var result = AdapterGradients.Compute(model, adapter, TrainingSequence.All(ids), pool);
        var tensors = result.Gradients.Pairs().SelectMany(entry =>
        {
            var name = $"grad.{LoraShapes.TensorName(entry.Block, entry.Target)}";
            return (NamedTensor[])
            [
                new NamedTensor(name + ".lora_a", [entry.Pair.Rank, entry.Pair.Inputs], entry.Pair.A),
                new NamedTensor(name + ".lora_b", [entry.Pair.Outputs, entry.Pair.Rank], entry.Pair.B),
            ];
        }).ToList();
        if (output is not null) TensorOutput.Write(output, [new NamedTensor("loss", [], [(float)result.Loss]), .. tensors]);
        if (invocation.Json)
        {
            JsonReport.Write(invocation.Console.Out, json =>
            {
                json.WriteFinite("loss", result.Loss);
                json.WriteNumber("tokens", ids.Length);
                json.WriteString("out", output);
                json.WriteStartArray("gradients");
                foreach (var tensor in tensors)
                {
                    json.WriteStartObject();
                    json.WriteString("name", tensor.Name);
                    json.WriteFinite("norm", Norm(tensor.Values));
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            });
        }
        else if (output is null)
        {
            invocation.Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"loss {result.Loss:F6} nats a token over {ids.Length - 1} targets"));
            foreach (var tensor in tensors)
                invocation.Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{tensor.Name,-40} ({string.Join(", ", tensor.Shape)})  norm {Norm(tensor.Values):E4}"));
        }
        else invocation.Note(string.Create(CultureInfo.InvariantCulture, $"{output}: loss {result.Loss:F6} and {tensors.Count} gradients"));

        return ExitCode.Success;
    }

    private static LoraAdapter Scaled(LoraAdapter adapter, float scale)
    {
        var scaled = new LoraAdapter(adapter.Config, adapter.BlockCount, adapter.BaseDigest);
        foreach (var (block, target, pair) in adapter.Pairs())
            scaled[block, target] = new LoraPair(pair.Rank, pair.Inputs, pair.Outputs, pair.Scale * scale, pair.A, pair.B, pair.Magnitude);
        return scaled;
    }

    private static double Norm(float[] values) => Math.Sqrt(values.Sum(value => (double)value * value));
}
