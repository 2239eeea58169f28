namespace PersonaTune.Device.Keyboard;

/// <summary>Predictions of the person-only baseline.</summary>
internal sealed class KneserNeyPredictor(KneserNeyModel model) : RememberingPredictor(model.VocabularySize)
{
    protected override void Compute(ReadOnlySpan<int> ids, Span<float> probabilities) => model.Probabilities(ids, probabilities);
}
