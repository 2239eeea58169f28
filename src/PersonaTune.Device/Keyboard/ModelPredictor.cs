using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;

namespace PersonaTune.Device.Keyboard;

/// <summary>Predictions of a session; a new context reuses the key/value cache of what it has in common with the old one.</summary>
internal sealed class ModelPredictor(DecoderSession session) : RememberingPredictor(session.Model.Config.VocabularySize)
{
    protected override void Compute(ReadOnlySpan<int> ids, Span<float> probabilities)
    {
        session.Continue(ids).CopyTo(probabilities);
        Softmax.Forward(probabilities);
    }
}
