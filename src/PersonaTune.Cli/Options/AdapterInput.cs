using System.CommandLine;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Models;

namespace PersonaTune.Cli.Options;

/// <summary>The options that put an adapter file on top of the model.</summary>
internal sealed class AdapterInput
{
    public Option<string?> Adapter { get; } = new("--adapter") { Description = "Adapter file (GGUF) to put on top of the model.", HelpName = "FILE" };

    public Option<float> Scale { get; } = new("--scale") { Description = "Strength of the adapter. Default: 1.", HelpName = "S", DefaultValueFactory = _ => 1f };

    public void AddTo(Command command)
    {
        command.Add(Adapter);
        command.Add(Scale);
    }

    public AdapterStack Stack(Invocation invocation, DecoderModel model) => AdapterStack.Empty;
}
