using PersonaTune.Engine.Kernels;

namespace PersonaTune.Engine.Vision;

/// <summary>
/// The label head: a linear discriminant with shrunken covariance (Friedman 1989) over <see cref="PhotoFeatures">features</see>, its confidence calibrated by
/// leaving each taught picture out, and a measure of being none of the labels from leaving each label out. Immutable and thread-safe.
/// </summary>
/// <remarks>
/// With z the feature, m_c the mean of label c and S the shrunken within-label covariance: logit_c = (m_c S^-1 z - m_c S^-1 m_c / 2) / temperature. The
/// familiarity of z is its greatest cosine to a label's mean; P(known) = 1 / (1 + exp(-slope (familiarity - threshold))).
/// </remarks>
public sealed class PhotoHead
{
    internal PhotoHead(int labels, bool root, float[] centre, float[] means, float[] weights, float[] biases, float temperature, float threshold, float slope)
    {
        (Labels, Root, Centre, Means, Weights, Biases, Temperature, Threshold, Slope) = (labels, root, centre, means, weights, biases, temperature, threshold, slope);
    }

    /// <summary>Number of labels.</summary>
    public int Labels { get; }

    /// <summary>Values of an embedding.</summary>
    public int EmbeddingLength => Centre.Length;

    /// <summary>Divisor of the logits, fitted on left-out pictures.</summary>
    public float Temperature { get; }

    /// <summary>Familiarity at which a picture is as likely of a known label as of none.</summary>
    public float Threshold { get; }

    /// <summary>How sharply familiarity decides.</summary>
    public float Slope { get; }

    internal bool Root { get; }

    internal float[] Centre { get; }

    /// <summary>(labels, embedding): unit means.</summary>
    internal float[] Means { get; }

    internal float[] Weights { get; }

    internal float[] Biases { get; }

    /// <summary>Probabilities of the labels for an embedding, and of none of them.</summary>
    public PhotoScores Score(ReadOnlySpan<float> embedding) => Score([embedding.ToArray()]);

    /// <summary>As <see cref="Score(ReadOnlySpan{float})"/>, for several views of one picture: their features are averaged.</summary>
    /// <exception cref="ArgumentException">There is no view, or an embedding has another length.</exception>
    public PhotoScores Score(IReadOnlyList<float[]> views)
    {
        var z = Feature(views);
        var probabilities = new float[Labels];
        var familiarity = -1f;
        for (var c = 0; c < Labels; c++)
        {
            probabilities[c] = (Elementwise.Dot(Weights.AsSpan(c * z.Length, z.Length), z) + Biases[c]) / Temperature;
            familiarity = MathF.Max(familiarity, Elementwise.Dot(Means.AsSpan(c * z.Length, z.Length), z));
        }

        Softmax.Forward(probabilities);
        var known = 1f / (1f + MathF.Exp(-Slope * (familiarity - Threshold)));
        Elementwise.Scale(probabilities, known);
        return new PhotoScores(probabilities, 1f - known, familiarity);
    }

    /// <summary>The unit feature of a picture, for comparing pictures by their cosine.</summary>
    public float[] Feature(IReadOnlyList<float[]> views)
    {
        ArgumentNullException.ThrowIfNull(views);
        if (views.Count == 0) throw new ArgumentException("a picture needs at least one view", nameof(views));
        var sum = new float[EmbeddingLength];
        foreach (var view in views)
        {
            if (view.Length != EmbeddingLength) throw new ArgumentException($"the head takes embeddings of {EmbeddingLength} values, found {view.Length}", nameof(views));
            Elementwise.Add(PhotoFeatures.Centre(PhotoFeatures.Direction(view, Root), Centre), sum);
        }

        Elementwise.Scale(sum, 1f / (MathF.Sqrt(Elementwise.Dot(sum, sum)) + 1e-12f));
        return sum;
    }
}
