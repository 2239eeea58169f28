using System.Numerics.Tensors;

namespace PersonaTune.Cli.Simulation.Digits;

/// <summary>
/// Multinomial logistic regression over fixed features: a classification head. The weights are (classes, features) row-major in one flat vector, which is
/// what a federated round averages.
/// </summary>
internal static class SoftmaxHead
{
    /// <summary>Digits.</summary>
    public const int Classes = 10;

    /// <summary>Coordinates of the weights.</summary>
    public const int Dimension = Classes * DigitImages.Features;

    /// <summary>Plain stochastic gradient descent in the order of the examples, in place; gives the steps taken.</summary>
    /// <param name="weights">The weights.</param>
    /// <param name="examples">The examples.</param>
    /// <param name="epochs">Passes.</param>
    /// <param name="batch">Examples a step.</param>
    /// <param name="learningRate">The step over the mean gradient.</param>
    /// <param name="maximumSteps">Steps at most; 0 for no limit.</param>
    public static int Train(Span<float> weights, DigitSet examples, int epochs, int batch, float learningRate, int maximumSteps = 0)
    {
        var steps = 0;
        var gradient = new float[Dimension];
        Span<float> probabilities = stackalloc float[Classes];
        for (var epoch = 0; epoch < epochs; epoch++)
        {
            for (var start = 0; start < examples.Count; start += batch)
            {
                if (maximumSteps > 0 && steps == maximumSteps) return steps;
                var end = Math.Min(start + batch, examples.Count);
                Array.Clear(gradient);
                for (var i = start; i < end; i++)
                {
                    var row = examples.Row(i);
                    Probabilities(weights, row, probabilities);
                    probabilities[examples.Labels[i]] -= 1;
                    for (var c = 0; c < Classes; c++)
                    {
                        var part = gradient.AsSpan(c * DigitImages.Features, DigitImages.Features);
                        TensorPrimitives.MultiplyAdd(row, probabilities[c], part, part);
                    }
                }

                TensorPrimitives.MultiplyAdd(gradient, -learningRate / (end - start), weights, weights);
                steps++;
            }
        }

        return steps;
    }

    /// <summary>Sum of cross-entropies (nats), and how many are right.</summary>
    public static (double Loss, int Right) Score(ReadOnlySpan<float> weights, DigitSet examples)
    {
        Span<float> probabilities = stackalloc float[Classes];
        var (loss, right) = (0.0, 0);
        for (var i = 0; i < examples.Count; i++)
        {
            Probabilities(weights, examples.Row(i), probabilities);
            loss -= Math.Log(Math.Max(probabilities[examples.Labels[i]], 1e-12f));
            if (TensorPrimitives.IndexOfMax(probabilities) == examples.Labels[i]) right++;
        }

        return (loss, right);
    }

    private static void Probabilities(ReadOnlySpan<float> weights, ReadOnlySpan<float> row, Span<float> probabilities)
    {
        for (var c = 0; c < Classes; c++)
            probabilities[c] = TensorPrimitives.Dot(weights.Slice(c * DigitImages.Features, DigitImages.Features), row);
        TensorPrimitives.SoftMax(probabilities, probabilities);
    }
}
