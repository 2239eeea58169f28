namespace PersonaTune.Engine.Vision;

/// <summary>
/// Fits a <see cref="PhotoHead"/> to the directions of taught pictures' views. What it says of its own certainty comes from pictures that a discriminant fitted
/// without them had to judge (cross-validation in up to <see cref="MaxFolds"/> folds). Deterministic; one thread.
/// </summary>
internal static class PhotoHeadFitter
{
    private const int MaxFolds = 4;
    private const double DefaultSlope = 12;

    // Of the distance between a label's mean and its nearest stranger: how far a picture may be from its own mean, where nothing better is known.
    private const double DefaultMargin = 0.1;

    /// <summary>Fits; each picture has one or more views, each label at least one picture.</summary>
    public static PhotoHead Fit(IReadOnlyList<float[][]> directions, IReadOnlyList<int> labels, int labelCount, bool root, double shrinkage)
    {
        var whole = PhotoDiscriminant.Fit(directions, labels, labelCount, shrinkage);
        var (judged, strange) = Judge(directions, labels, labelCount, shrinkage);
        if (strange.Count == 0) strange = Strangers(whole, directions, labels);
        var temperature = judged.Count >= 2 ? Calibrate(judged) : Guess(strange, labelCount);
        var (threshold, slope) = Familiarity(judged, strange);
        return new PhotoHead(labelCount, root, whole.Centre, whole.UnitMeans, whole.Weights, whole.Biases, temperature, threshold, slope);
    }

    // Fold f holds out the f-th picture, counted round, of every label that has two or more.
    private static (List<Judgement> Judged, List<Judgement> Strange) Judge(IReadOnlyList<float[][]> directions, IReadOnlyList<int> labels, int labelCount, double shrinkage)
    {
        var counts = new int[labelCount];
        var position = new int[labels.Count];
        for (var i = 0; i < labels.Count; i++) position[i] = counts[labels[i]]++;
        var (judged, strange) = (new List<Judgement>(), new List<Judgement>());
        if (labelCount < 2) return (judged, strange);
        var folds = Math.Min(MaxFolds, counts.Max());
        for (var fold = 0; fold < folds && folds > 1; fold++)
        {
            var held = Enumerable.Range(0, labels.Count).Where(i => position[i] % folds == fold && counts[labels[i]] > (counts[labels[i]] - fold + folds - 1) / folds).ToArray();
            var kept = Enumerable.Range(0, labels.Count).Except(held).ToArray();
            if (held.Length == 0) continue;
            var part = PhotoDiscriminant.Fit([.. kept.Select(i => directions[i])], [.. kept.Select(i => labels[i])], labelCount, shrinkage);
            foreach (var i in held)
            {
                judged.Add(part.Judge(directions[i], labels[i], withOwn: true));
                strange.Add(part.Judge(directions[i], labels[i], withOwn: false));
            }
        }

        return (judged, strange);
    }

    // Each picture as if its label were not known.
    private static List<Judgement> Strangers(PhotoDiscriminant whole, IReadOnlyList<float[][]> directions, IReadOnlyList<int> labels) =>
        whole.Labels < 2 ? [] : [.. Enumerable.Range(0, labels.Count).Select(i => whole.Judge(directions[i], labels[i], withOwn: false))];

    // The least mean negative log-likelihood of targets drawn a little towards all labels, as Platt did: n pictures that are all judged right do not prove certainty.
    private static float Calibrate(List<Judgement> judged)
    {
        var doubt = 0.25 / (judged.Count + 2);
        var best = (Loss: double.PositiveInfinity, Temperature: 1.0);
        for (var step = -40; step <= 120; step++)
        {
            var temperature = Math.Pow(10, step / 40.0);
            var loss = judged.Average(row =>
            {
                var max = row.Logits[row.Best];
                var normalizer = Math.Log(row.Logits.Sum(logit => Math.Exp((logit - max) / temperature)));
                var known = row.Logits.Where(double.IsFinite).ToArray();
                return normalizer - (1 - doubt) * (row.Logits[row.Own] - max) / temperature - doubt * known.Average(logit => (logit - max) / temperature);
            });
            if (loss < best.Loss) best = (loss, temperature);
        }

        return (float)best.Temperature;
    }

    // Without pictures to judge: pictures of strangers are told to be something with a probability of one half in the mean.
    private static float Guess(List<Judgement> strange, int labelCount)
    {
        if (labelCount < 3) return strange.Count == 0 ? 1f : (float)Math.Max(1e-2, strange.Average(row => Math.Abs(row.Logits[row.Best])));
        var (low, high) = (-2.0, 4.0);
        for (var i = 0; i < 60; i++)
        {
            var middle = (low + high) / 2;
            if (strange.Average(row => row.Probability(row.Best, Math.Pow(10, middle))) > 0.5) low = middle;
            else high = middle;
        }

        return (float)Math.Pow(10, (low + high) / 2);
    }

    private static (float Threshold, float Slope) Familiarity(List<Judgement> judged, List<Judgement> strange)
    {
        if (judged.Count >= 4 && strange.Count >= 4) return Logistic.Fit([.. judged.Select(row => row.OwnFamiliarity)], [.. strange.Select(row => row.Familiarity)]);
        var reference = strange.Count > 0 ? strange.Average(row => row.Familiarity) : 0.5;
        return ((float)(reference + (1 - reference) * DefaultMargin), (float)DefaultSlope);
    }

    /// <summary>What a discriminant says of a picture that it did not learn from.</summary>
    internal sealed record Judgement(double[] Logits, int Own, double Familiarity, double OwnFamiliarity)
    {
        public int Best { get; } = Array.IndexOf(Logits, Logits.Max());

        public double Probability(int index, double temperature)
        {
            var max = Logits[Best];
            return Math.Exp((Logits[index] - max) / temperature) / Logits.Sum(logit => Math.Exp((logit - max) / temperature));
        }
    }
}
