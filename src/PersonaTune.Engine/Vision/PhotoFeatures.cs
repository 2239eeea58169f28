using PersonaTune.Engine.Kernels;

namespace PersonaTune.Engine.Vision;

/// <summary>
/// From an embedding e to the unit vector z in which labels are told apart: z = n(n(r(e)) - c), n(x) = x / |x|, c the mean direction of the taught pictures. r is
/// the square root where embeddings are not negative (averages of rectified channels, whose few large values would drown the rest), otherwise the identity.
/// </summary>
internal static class PhotoFeatures
{
    private const float Floor = 1e-6f;

    /// <summary>n(r(e)).</summary>
    public static float[] Direction(ReadOnlySpan<float> embedding, bool root)
    {
        var y = new float[embedding.Length];
        for (var i = 0; i < y.Length; i++) y[i] = root ? MathF.Sqrt(MathF.Max(embedding[i], 0f) + Floor) : embedding[i];
        Normalize(y);
        return y;
    }

    /// <summary>z of a direction.</summary>
    public static float[] Centre(ReadOnlySpan<float> direction, ReadOnlySpan<float> centre)
    {
        var z = direction.ToArray();
        Elementwise.AddScaled(centre, -1f, z);
        Normalize(z);
        return z;
    }

    /// <summary>The gradient for the embedding from that for z.</summary>
    public static void Backward(ReadOnlySpan<float> embedding, bool root, ReadOnlySpan<float> centre, ReadOnlySpan<float> dz, Span<float> gradient)
    {
        var rooted = new float[embedding.Length];
        for (var i = 0; i < rooted.Length; i++) rooted[i] = root ? MathF.Sqrt(MathF.Max(embedding[i], 0f) + Floor) : embedding[i];
        var direction = (float[])rooted.Clone();
        var length = Normalize(direction);
        var shifted = (float[])direction.Clone();
        Elementwise.AddScaled(centre, -1f, shifted);
        var shiftedLength = Normalize(shifted);
        // d n(x) = (d - n (n . d)) / |x|, twice.
        dz.CopyTo(gradient);
        Elementwise.AddScaled(shifted, -Elementwise.Dot(shifted, dz), gradient);
        Elementwise.Scale(gradient, 1f / shiftedLength);
        Elementwise.AddScaled(direction, -Elementwise.Dot(direction, gradient), gradient);
        Elementwise.Scale(gradient, 1f / length);
        if (!root) return;
        for (var i = 0; i < gradient.Length; i++) gradient[i] = embedding[i] > 0f ? gradient[i] * 0.5f / rooted[i] : 0f;
    }

    private static float Normalize(Span<float> x)
    {
        var length = MathF.Sqrt(Elementwise.Dot(x, x)) + 1e-12f;
        Elementwise.Scale(x, 1f / length);
        return length;
    }
}
