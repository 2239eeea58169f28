using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Simulation.Digits;
using PersonaTune.Device.Keyboard;
using PersonaTune.Engine.Models;

namespace PersonaTune.Cli.Simulation;

/// <summary>Makes workloads by name.</summary>
internal static class WorkloadSource
{
    public static readonly string[] Names = ["synthetic", "digits", "keyboard"];

    /// <summary>A workload.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="data">The folder or file of its data; unused by the synthetic one.</param>
    /// <param name="people">People of the synthetic one.</param>
    /// <param name="dimension">Coordinates of the synthetic one.</param>
    /// <param name="seed">The seed of the synthetic one.</param>
    /// <param name="model">The base model of the keyboard.</param>
    /// <param name="threads">Threads of the keyboard's model.</param>
    public static IWorkload Open(string name, string? data, int people, int dimension, long seed, string? model, int threads) => name switch
    {
        "synthetic" => new SyntheticWorkload(people, dimension, seed),
        "digits" => new DigitsWorkload(DigitImages.Read(data ?? throw new ToolException(ExitCode.Usage, "--data: expected the folder of the digit files (images, labels and writers)"))),
        "keyboard" => OpenKeyboard(data, model, threads),
        _ => throw new ToolException(ExitCode.Usage, $"--workload: expected one of {string.Join(", ", Names)}, got '{name}'"),
    };

    private static KeyboardWorkload OpenKeyboard(string? data, string? model, int threads)
    {
        if (data is null) throw new ToolException(ExitCode.Usage, "--data: expected a file of messages, JSON lines with user and text");
        if (!File.Exists(data)) throw new ToolException(ExitCode.BadInput, $"'{data}' does not exist; name a file of messages");
        using var reader = new StreamReader(data);
        return new KeyboardWorkload(ModelLoader.Load(ModelLocation.Find(model)), PersonHistory.ReadJsonLines(reader, data), threads);
    }
}
