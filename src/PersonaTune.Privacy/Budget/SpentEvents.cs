using PersonaTune.Privacy.Accounting;

namespace PersonaTune.Privacy.Budget;

/// <summary>A multiset of events: equal ones are counted, so that composing thousands of rounds of one task costs one step.</summary>
internal sealed class SpentEvents
{
    private readonly Dictionary<string, (PrivacyEvent Event, long Count)> _counts = new(StringComparer.Ordinal);

    public void Add(PrivacyEvent privacyEvent, long count = 1)
    {
        var (inner, times) = Flatten(privacyEvent);
        if (times == 0) return;
        var key = Convert.ToBase64String(PrivacyEventCodec.Encode(inner));
        _counts[key] = (inner, checked((_counts.TryGetValue(key, out var known) ? known.Count : 0) + (times * count)));
    }

    /// <summary>Composes what was spent, and what might be spent next, into a fresh accountant.</summary>
    public double Epsilon(IPrivacyAccountant accountant, double delta, PrivacyEvent? next = null, long times = 1)
    {
        var all = this;
        if (next is not null)
        {
            all = new SpentEvents();
            foreach (var (key, value) in _counts) all._counts[key] = value;
            all.Add(next, times);
        }

        // In the order of their encodings, so that rounding does not depend on the order of spends.
        foreach (var (_, (privacyEvent, count)) in all._counts.OrderBy(pair => pair.Key, StringComparer.Ordinal)) accountant.Compose(privacyEvent, count);
        return all._counts.Count == 0 ? 0 : accountant.GetEpsilon(delta);
    }

    private static (PrivacyEvent Event, long Count) Flatten(PrivacyEvent privacyEvent)
    {
        long times = 1;
        while (privacyEvent is SelfComposedEvent repeated)
        {
            times = checked(times * repeated.Count);
            privacyEvent = repeated.Event;
        }

        return (privacyEvent, times);
    }
}
