using PersonaTune.Engine.Models;

namespace PersonaTune.Device.Tests.Keyboard;

/// <summary>The shipped base model, opened once for all tests.</summary>
public sealed class KeyboardBase : IDisposable
{
    public DecoderModel Model { get; } = ModelLoader.Load(Path.Combine(SharedData.SolutionRoot, "models", "keyboard-base-q8_0.gguf"));

    public void Dispose() => Model.Dispose();
}
