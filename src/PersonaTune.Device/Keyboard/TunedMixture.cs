namespace PersonaTune.Device.Keyboard;

/// <summary>A cache order and mixture weights, chosen on validation messages.</summary>
/// <param name="Order">Order of the cache.</param>
/// <param name="Mixture">Weights.</param>
/// <param name="Nll">Their sum of -ln p on the validation messages, in nats.</param>
internal sealed record TunedMixture(int Order, CacheMixture Mixture, double Nll)
{
    /// <summary>Learns the fitting messages in a cache of each order and keeps the one whose mixture predicts validation best.</summary>
    public static TunedMixture Tune(ScoredMessages validation, IReadOnlyList<int[]> fit, IReadOnlyList<int> orders, int vocabularySize, int startId)
    {
        TunedMixture? best = null;
        foreach (var order in orders)
        {
            var points = validation.Points(Learn(fit, order, vocabularySize, startId));
            var mixture = CacheMixture.Fit(points);
            var nll = ScoredMessages.Nll(points, mixture);
            if (best is null || nll < best.Nll) best = new TunedMixture(order, mixture, nll);
        }
        return best!;
    }

    /// <summary>A cache of the chosen order that has learned these messages.</summary>
    public NGramCache Learn(IReadOnlyList<int[]> messages, int vocabularySize, int startId) => Learn(messages, Order, vocabularySize, startId);

    private static NGramCache Learn(IReadOnlyList<int[]> messages, int order, int vocabularySize, int startId)
    {
        var cache = new NGramCache(vocabularySize, startId, new NGramCacheOptions { Order = order });
        foreach (var message in messages) cache.Learn(message);
        return cache;
    }
}
