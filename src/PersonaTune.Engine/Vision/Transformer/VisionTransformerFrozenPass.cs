using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Lora;

namespace PersonaTune.Engine.Vision.Transformer;

/// <summary>The transformer without an adapter.</summary>
internal sealed class VisionTransformerFrozenPass(VisionTransformer model, WorkerPool pool) : FrozenPass
{
    private readonly VisionTransformerPass _pass = new(model, pool, new LoraAdapter(new LoraConfig(), model.BlockCount, model.Digest), 1, training: false);
    private readonly float[] _tokens = new float[model.Config.ClassTokens * model.EmbeddingLength];

    public override long Bytes => _pass.Bytes;

    public override void Embed(ReadOnlySpan<byte> picture, Span<float> embedding) => _pass.Forward(picture, 1, embedding);

    // Of two heads the mean counts (Touvron et al. 2021).
    public override void Classify(ReadOnlySpan<byte> picture, Span<float> probabilities)
    {
        _pass.ForwardTokens(picture, 1, _tokens);
        probabilities.Clear();
        var dim = model.EmbeddingLength;
        var logits = new float[probabilities.Length];
        for (var i = 0; i < model.Heads.Count; i++)
        {
            MatMul.Forward(pool, _tokens.AsSpan(i * dim, dim), model.Heads[i].Weights, logits, 1);
            for (var c = 0; c < logits.Length; c++) probabilities[c] += (logits[c] + model.Heads[i].Bias[c]) / model.Heads.Count;
        }

        Softmax.Forward(probabilities);
    }

    public override void Dispose() => _pass.Dispose();
}
