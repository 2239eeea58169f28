using System.CommandLine;
using PersonaTune.Cli.Failures;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;

namespace PersonaTune.Cli.Options;

/// <summary>The options that put an adapter file on top of the model.</summary>
internal sealed class AdapterInput
{
    public Option<string?> Adapter { get; } = new("--adapter")
    {
        Description = "Adapter to put on top of the model: a GGUF file, a safetensors file of PersonaTune, or a PEFT or mlx-lm folder.",
        HelpName = "PATH",
    };

    public Option<float> Scale { get; } = new("--scale") { Description = "Strength of the adapter. Default: 1.", HelpName = "S", DefaultValueFactory = _ => 1f };

    public void AddTo(Command command)
    {
        command.Add(Adapter);
        command.Add(Scale);
        command.Validators.Add(result =>
        {
            if (result.GetResult(Adapter) is null && result.GetResult(Scale) is { Implicit: false }) result.AddError("--scale: expected with --adapter");
            else if (!float.IsFinite(result.GetValue(Scale))) result.AddError("--scale: expected a finite number");
        });
    }

    /// <summary>The adapter that was given, or null.</summary>
    public LoraAdapter? Read(Invocation invocation, DecoderModel model)
    {
        if (invocation.Parse.GetValue(Adapter) is not { } path) return null;
        if (!File.Exists(path) && !Directory.Exists(path)) throw new ToolException(ExitCode.BadInput, $"{path}: no such adapter file or folder");
        return AdapterFiles.Read(path, model);
    }

    /// <summary>The adapter as a stack; empty where none was given.</summary>
    public AdapterStack Stack(Invocation invocation, DecoderModel model) =>
        Read(invocation, model) is { } adapter ? AdapterStack.Of(adapter, invocation.Parse.GetValue(Scale)) : AdapterStack.Empty;
}
