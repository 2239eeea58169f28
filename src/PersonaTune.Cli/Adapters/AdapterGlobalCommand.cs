using System.CommandLine;
using System.Globalization;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Device.Adapters;
using PersonaTune.Engine.Lora;

namespace PersonaTune.Cli.Adapters;

/// <summary><c>adapter global</c>: what lies beneath the personal adapters of a store.</summary>
internal static class AdapterGlobalCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var path = new Argument<string?>("path") { Description = "Adapter to put beneath: a GGUF or safetensors file, or a PEFT or mlx-lm folder. Without it: say which one lies there.", HelpName = "PATH", Arity = ArgumentArity.ZeroOrOne };
        var scale = new Option<float>("--scale") { Description = "Its strength. Default: 1.", HelpName = "S", DefaultValueFactory = _ => 1f };
        var clear = new Option<bool>("--clear") { Description = "Take it away." };
        var command = new Command("global", "Put a released global adapter beneath the personal ones of a store, show it or take it away.") { path, scale, clear, shared.Model };
        scale.Require("a finite number", float.IsFinite);
        command.Validators.Add(result =>
        {
            if (result.GetValue(clear) && result.GetValue(path) is not null) result.AddError("adapter global: expected either a path or --clear");
            if (result.GetResult(scale) is { Implicit: false } && result.GetValue(path) is null) result.AddError("--scale: expected with a path");
        });
        shared.AddStore(command);
        Invocation.SetAction(command, shared, console, invocation =>
            RunAsync(invocation, invocation.Parse.GetValue(path), invocation.Parse.GetValue(scale), invocation.Parse.GetValue(clear)));
        return command;
    }

    private static async Task<int> RunAsync(Invocation invocation, string? path, float scale, bool clear)
    {
        if (path is not null && !File.Exists(path) && !Directory.Exists(path)) throw new ToolException(ExitCode.BadInput, $"{path}: no such adapter file or folder");
        await using var store = await invocation.Store().OpenAsync(create: path is not null, invocation.Cancellation);
        var model = invocation.Own(invocation.LoadModel());
        if (path is not null)
        {
            var installed = new InstalledGlobalAdapter(Path.GetFileName(Path.TrimEndingDirectorySeparator(path)), AdapterFiles.Read(path, model), scale);
            await InstalledGlobalAdapter.SaveAsync(store, model, installed, invocation.Cancellation);
            return Report(invocation, installed, "lies beneath every user's adapter now; train again to learn above it");
        }

        if (!clear) return Report(invocation, await InstalledGlobalAdapter.LoadAsync(store, model, invocation.Cancellation), "lies beneath every user's adapter");
        if (!await InstalledGlobalAdapter.DeleteAsync(store, model, invocation.Cancellation))
            throw new ToolException(ExitCode.NothingToDo, "no global adapter for this model is in the store");
        return Report(invocation, null, "");
    }

    private static int Report(Invocation invocation, InstalledGlobalAdapter? installed, string state)
    {
        var text = installed is null
            ? "no global adapter: personal ones lie on the base model alone"
            : string.Create(CultureInfo.InvariantCulture, $"{installed.Name} (scale {installed.Scale}) {state}");
        invocation.Report(text, json =>
        {
            json.WriteString("name", installed?.Name);
            if (installed is not null) json.WriteFinite("scale", installed.Scale);
        });
        return ExitCode.Success;
    }
}
