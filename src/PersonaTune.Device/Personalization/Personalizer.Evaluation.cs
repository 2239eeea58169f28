using PersonaTune.Device.Adapters;

namespace PersonaTune.Device.Personalization;

public sealed partial class Personalizer
{
    /// <summary>
    /// Compares a stored adapter, for example an imported one, with what is active on the person's newest messages, by the gate's rules and with the global adapter in use beneath both. Messages
    /// that the adapter learned are left out. Changes nothing.
    /// </summary>
    /// <exception cref="AdapterNotFoundException">There is none with this id, or its weights were erased.</exception>
    /// <exception cref="WrongBaseModelException">It belongs to another base model.</exception>
    /// <exception cref="ConsentRequiredException">No valid receipt covers reading the messages.</exception>
    /// <exception cref="EmptyHistoryException">There is no message with text to compare them on.</exception>
    /// <exception cref="TooFewExamplesException">There are fewer than the options ask for.</exception>
    public Task<PromotionDecision> EvaluateAsync(string user, string adapterId, CancellationToken cancellationToken = default) =>
        TrainingLockedAsync(user, null, async () => (await CompareAsync(user, adapterId, cancellationToken)).Decision, cancellationToken);

    /// <summary>As <see cref="EvaluateAsync"/>; where the adapter does better, it becomes the active one and is swapped in.</summary>
    /// <exception cref="AdapterNotFoundException">There is none with this id, or its weights were erased.</exception>
    /// <exception cref="AdapterStateException">It was imported and its time is over.</exception>
    /// <exception cref="WrongBaseModelException">It belongs to another base model.</exception>
    /// <exception cref="ConsentRequiredException">No valid receipt covers reading the messages.</exception>
    /// <exception cref="EmptyHistoryException">There is no message with text to compare them on.</exception>
    /// <exception cref="TooFewExamplesException">There are fewer than the options ask for.</exception>
    public Task<PromotionDecision> ActivateIfBetterAsync(string user, string adapterId, CancellationToken cancellationToken = default) =>
        TrainingLockedAsync(user, null, async () =>
        {
            var (decision, mixture) = await CompareAsync(user, adapterId, cancellationToken);
            Log.GateDecided(_logger, adapterId, decision.Promote, decision.Reason);
            if (!decision.Promote) return decision;
            await StateLockedAsync(async () =>
            {
                await _library.ActivateAsync(user, adapterId, decision.Reason, cancellationToken);
                return await SwapAsync(user, adopt: false, cancellationToken);
            }, cancellationToken);
            if (mixture is not null) await RebuildNGramsAsync(user, Options.Collection, mixture, keepMixture: true, CancellationToken.None);
            return decision;
        }, cancellationToken);

    /// <summary>The decision, and for a better adapter that has seen none of the messages the n-gram weights that go with it.</summary>
    private async Task<(PromotionDecision Decision, MixtureRecord? Mixture)> CompareAsync(string user, string adapterId, CancellationToken cancellationToken)
    {
        var entry = await _library.GetAsync(user, adapterId, cancellationToken);
        RequireBase(entry.Manifest);
        var global = _global.Stack;
        var candidate = await LoadAsync(entry, global, cancellationToken);
        var current = await _library.GetActiveAsync(user, cancellationToken);
        if (current is not null && !IsForThisBase(current.Manifest)) current = null;
        var currentStack = current is null ? global : await LoadAsync(current, global, cancellationToken);

        var messages = await TrainingSet.ReadAsync(_store.Examples, Encoder(Options.Recipe), user, Options.Collection, cancellationToken);
        Require(user, messages.Count);
        var set = TrainingSet.Split(messages, Options.Recipe);
        var learned = Learned(entry.Manifest);
        var unseen = new TrainingSet(set.Training, [.. set.Validation.Where(message => !learned.Contains(message.Id.ToString()))]);
        var heldOut = HeldOut(unseen, current?.Manifest, Options.Gate);
        return await Task.Run(() =>
        {
            var decision = PromotionGate.Decide(_scorer.Score(currentStack, heldOut, cancellationToken), _scorer.Score(candidate, heldOut, cancellationToken), Options.Gate);
            return (decision, decision.Promote && learned.Count == 0 ? _nGrams.Tune(candidate, set, cancellationToken) : null);
        }, cancellationToken);
    }
}
