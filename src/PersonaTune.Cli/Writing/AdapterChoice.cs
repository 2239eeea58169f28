using System.CommandLine;
using PersonaTune.Cli.Options;

namespace PersonaTune.Cli.Writing;

/// <summary>The options of commands that run the model for a user.</summary>
internal sealed class AdapterChoice
{
    public AdapterInput Adapter { get; } = new();

    public Option<bool> BaseAlone { get; } = new("--base") { Description = "The base model alone, without the user's adapter." };

    public void AddTo(Command command, SharedOptions shared)
    {
        command.Add(shared.Model);
        Adapter.AddTo(command);
        command.Add(BaseAlone);
        shared.AddStore(command);
    }

    public Task<AdaptedModel> OpenAsync(Invocation invocation) => AdaptedModel.OpenAsync(invocation, Adapter, invocation.Parse.GetValue(BaseAlone));
}
