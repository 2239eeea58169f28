using System.Numerics;
using System.Runtime.InteropServices;

namespace PersonaTune.Engine.Kernels;

/// <summary>
/// Cross-entropy over a vocabulary that arrives in chunks: each row keeps its running maximum and the sum of exponentials relative to it
/// (Milakov and Gimelshein 2018), so that no row of logits is ever whole.
/// </summary>
public static class OnlineSoftmax
{
    /// <summary>
    /// Replaces a chunk of logits by exp(logit - max), max being the new running maximum, and adds their sum. Returns the factor
    /// exp(old maximum - new maximum) by which everything summed so far relative to the old maximum must be multiplied; 1 if it stayed.
    /// Begin with max = negative infinity, sum = 0 and nothing summed.
    /// </summary>
    public static float Accumulate(Span<float> logits, ref float max, ref float sum)
    {
        var chunk = Elementwise.Max(logits);
        var factor = 1f;
        if (!(chunk <= max))
        {
            factor = MathF.Exp(max - chunk);
            max = chunk;
            sum *= factor;
        }

        sum += Softmax.ExpSum(logits, 1f, max);
        return factor;
    }

    /// <summary>Replaces a chunk of logits by weight x exp(logit - logSumExp): the softmax part of the gradient of a weighted cross-entropy.</summary>
    public static void Probabilities(Span<float> logits, float logSumExp, float weight)
    {
        ref var xs = ref MemoryMarshal.GetReference(logits);
        Vector<float> l = new(logSumExp), w = new(weight);
        var i = 0;
        for (; i <= logits.Length - Vector<float>.Count; i += Vector<float>.Count)
            (w * VectorMath.Exp(Vector.LoadUnsafe(ref xs, (nuint)i) - l)).StoreUnsafe(ref xs, (nuint)i);
        for (; i < logits.Length; i++) logits[i] = weight * MathF.Exp(logits[i] - logSumExp);
    }
}
