namespace PersonaTune.Device.Photos;

/// <summary>Cosines of embeddings' directions less their mean: without it, all photos resemble each other.</summary>
internal sealed class PhotoSimilarity
{
    private readonly float[] _centre;

    public PhotoSimilarity(IReadOnlyList<float[]> directions)
    {
        _centre = directions.Count > 0 ? new float[directions[0].Length] : [];
        // With a handful of pictures the mean is mostly each of them.
        if (directions.Count < 4) return;
        foreach (var direction in directions)
            for (var i = 0; i < _centre.Length; i++) _centre[i] += direction[i] / directions.Count;
    }

    public double Compare(float[] left, float[] right)
    {
        double product = 0, a = 0, b = 0;
        for (var i = 0; i < _centre.Length; i++)
        {
            var (x, y) = (left[i] - _centre[i], right[i] - _centre[i]);
            product += x * y;
            a += x * x;
            b += y * y;
        }

        return product / Math.Sqrt(a * b + 1e-30);
    }
}
