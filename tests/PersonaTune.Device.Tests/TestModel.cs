using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Models;

namespace PersonaTune.Device.Tests;

/// <summary>The shipped keyboard model, loaded once for all tests.</summary>
internal static class TestModel
{
    public static string Path { get; } = System.IO.Path.Combine(SharedData.SolutionRoot, "models", "keyboard-base-q8_0.gguf");

    private static readonly Lazy<DecoderModel> Loaded = new(() => ModelLoader.Load(Path));

    public static DecoderModel Keyboard => Loaded.Value;

    public static WorkerPool Pool { get; } = new(2);
}
