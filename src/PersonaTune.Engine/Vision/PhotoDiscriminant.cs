using PersonaTune.Engine.Kernels;

namespace PersonaTune.Engine.Vision;

/// <summary>
/// A linear discriminant with shrunken covariance over pictures' features (Friedman 1989). A label without a picture never wins. Immutable.
/// </summary>
internal sealed class PhotoDiscriminant
{
    private readonly bool[] _present;

    private PhotoDiscriminant(int labels, float[] centre, float[] means, float[] weights, bool[] present)
    {
        (Labels, Centre, UnitMeans, Weights, _present) = (labels, centre, means, weights, present);
        Biases = new float[labels];
        var dim = centre.Length;
        for (var c = 0; c < labels; c++)
        {
            Biases[c] = -0.5f * Elementwise.Dot(means.AsSpan(c * dim, dim), weights.AsSpan(c * dim, dim));
            var unit = means.AsSpan(c * dim, dim);
            Elementwise.Scale(unit, 1f / (MathF.Sqrt(Elementwise.Dot(unit, unit)) + 1e-12f));
        }
    }

    public int Labels { get; }

    public float[] Centre { get; }

    /// <summary>(labels, dim), of length one.</summary>
    public float[] UnitMeans { get; }

    /// <summary>(labels, dim): S^-1 m.</summary>
    public float[] Weights { get; }

    /// <summary>-m S^-1 m / 2.</summary>
    public float[] Biases { get; }

    public static PhotoDiscriminant Fit(IReadOnlyList<float[][]> directions, IReadOnlyList<int> labels, int labelCount, double shrinkage)
    {
        var dim = directions[0][0].Length;
        var views = directions.Sum(photo => photo.Length);
        var centre = new float[dim];
        foreach (var photo in directions)
            foreach (var direction in photo) Elementwise.AddScaled(direction, 1f / views, centre);
        // One label alone has no contrast: without a centre its pictures stay where they are.
        if (labelCount < 2) Array.Clear(centre);
        var features = new float[views * dim];
        var owners = new int[views];
        var counts = new int[labelCount];
        var means = new float[labelCount * dim];
        var row = 0;
        for (var i = 0; i < directions.Count; i++)
            foreach (var direction in directions[i])
            {
                PhotoFeatures.Centre(direction, centre).CopyTo(features, row * dim);
                Elementwise.Add(features.AsSpan(row * dim, dim), means.AsSpan(labels[i] * dim, dim));
                counts[labels[i]]++;
                owners[row++] = labels[i];
            }

        for (var c = 0; c < labelCount; c++) Elementwise.Scale(means.AsSpan(c * dim, dim), 1f / Math.Max(1, counts[c]));
        for (var i = 0; i < views; i++) Elementwise.AddScaled(means.AsSpan(owners[i] * dim, dim), -1f, features.AsSpan(i * dim, dim));
        var weights = new ShrunkenCovariance(features, views, dim, shrinkage).Solve(means, labelCount);
        return new PhotoDiscriminant(labelCount, centre, means, weights, Array.ConvertAll(counts, count => count > 0));
    }

    /// <summary>Judges a picture by its views; without its own label, as a stranger.</summary>
    public PhotoHeadFitter.Judgement Judge(float[][] directions, int own, bool withOwn)
    {
        var dim = Centre.Length;
        var z = new float[dim];
        foreach (var direction in directions) Elementwise.Add(PhotoFeatures.Centre(direction, Centre), z);
        Elementwise.Scale(z, 1f / (MathF.Sqrt(Elementwise.Dot(z, z)) + 1e-12f));
        var logits = new double[Labels];
        var familiarity = -1.0;
        for (var c = 0; c < Labels; c++)
        {
            logits[c] = double.NegativeInfinity;
            if (!_present[c] || (c == own && !withOwn)) continue;
            logits[c] = Elementwise.Dot(Weights.AsSpan(c * dim, dim), z) + Biases[c];
            familiarity = Math.Max(familiarity, Elementwise.Dot(UnitMeans.AsSpan(c * dim, dim), z));
        }

        return new PhotoHeadFitter.Judgement(logits, own, familiarity, Elementwise.Dot(UnitMeans.AsSpan(own * dim, dim), z));
    }
}
