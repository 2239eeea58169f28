namespace PersonaTune.Engine.Vision;

/// <summary>What a head says of a picture.</summary>
/// <param name="Probabilities">Of each label; they and <paramref name="Unknown"/> add up to one.</param>
/// <param name="Unknown">Probability that the picture shows none of the labels.</param>
/// <param name="Familiarity">Greatest cosine to a label's mean, -1 to 1.</param>
public sealed record PhotoScores(IReadOnlyList<float> Probabilities, float Unknown, float Familiarity)
{
    /// <summary>The likeliest label's index.</summary>
    public int Best
    {
        get
        {
            var best = 0;
            for (var i = 1; i < Probabilities.Count; i++)
                if (Probabilities[i] > Probabilities[best]) best = i;
            return best;
        }
    }

    /// <summary>Whether none of the labels is likelier than the likeliest label.</summary>
    public bool IsUnknown => Unknown > Probabilities[Best];
}
