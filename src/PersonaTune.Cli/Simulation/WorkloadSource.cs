using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Simulation.Digits;

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
        _ => throw new ToolException(ExitCode.Usage, $"--workload: expected one of {string.Join(", ", Names)}, got '{name}'"),
    };
}
