using System.Security.Cryptography;
using PersonaTune.Device.Adapters;
using PersonaTune.Engine.Training;

namespace PersonaTune.Device.Personalization;

public sealed partial class Personalizer
{
    /// <summary>Scores the candidate as it would be loaded from its file, what is current, and the base, on the same held-out messages.</summary>
    private async Task<(GatedCandidate Gated, PromotionDecision Decision)> GateAsync(
        string user, RunHeader header, TrainingSet set, TrainingResult result, byte[] file, CancellationToken cancellationToken)
    {
        var current = await _library.GetActiveAsync(user, cancellationToken);
        if (current is not null && !IsForThisBase(current.Manifest)) current = null;
        var global = _global.Stack;
        var currentStack = current is null ? global : await LoadAsync(current, global, cancellationToken);
        var candidate = global.With(AdapterFile.Read(file, _model, $"adapter '{header.AdapterId}'"));
        var heldOut = HeldOut(set, current?.Manifest, Options.Gate);
        var (plain, before, after) = await Task.Run(() =>
        {
            var plain = _scorer.Score(global, heldOut, cancellationToken);
            var before = current is null ? plain : _scorer.Score(currentStack, heldOut, cancellationToken);
            return (plain, before, _scorer.Score(candidate, heldOut, cancellationToken));
        }, cancellationToken);
        var decision = PromotionGate.Decide(before, after, Options.Gate);
        // Weights tuned with an adapter that has seen these messages would trust it too much; then the stored ones stay.
        var mixture = decision.Promote || current is null
            ? await Task.Run(() => _nGrams.Tune(decision.Promote ? candidate : global, set, cancellationToken), cancellationToken)
            : null;

        var sequences = Sequences(set.Training);
        var stepsPerEpoch = Math.Max(1, (sequences.Count + header.Recipe.BatchSize - 1) / header.Recipe.BatchSize);
        var gated = new GatedCandidate
        {
            ParentId = current?.Id,
            Base = MessageScore.Sum(plain),
            Before = decision.Current,
            After = decision.Candidate,
            Reason = decision.Reason,
            BestEpoch = (result.AdapterStep + stepsPerEpoch - 1) / stepsPerEpoch,
            ValidationLosses = [.. result.Evaluations.Select(point => point.Loss)],
            TrainingLosses = [.. result.Losses.Chunk(stepsPerEpoch).Select(epoch => epoch.Average())],
            BestStep = result.AdapterStep,
            Mixture = mixture,
            Steps = result.Steps,
            TrainedTokens = sequences.Sum(sequence => (long)sequence.TargetCount) * result.Steps / stepsPerEpoch,
        };
        return (gated, decision);
    }

    private async Task<TrainingOutcome> StoreAsync(string user, RunHeader header, PromotionDecision decision, byte[] file, bool refitted, bool resumed,
        IProgress<PersonalizationProgress>? progress, CancellationToken cancellationToken)
    {
        progress?.Report(new PersonalizationProgress(PersonalizationPhase.Promoting));
        var manifest = Manifest(user, header, file, refitted);
        var entry = await StateLockedAsync(async () =>
        {
            // From here on a deletion waits, so that it finds and invalidates what is stored now.
            if (await MissingAsync(user, header, cancellationToken) is > 0 and var missing)
            {
                await _checkpoints.DeleteAsync(user, CancellationToken.None);
                throw new ExamplesDeletedException(user, missing);
            }
            if (!decision.Promote) return await _library.AddRejectedAsync(manifest, cancellationToken);
            await _library.AddAsync(manifest, file, cancellationToken);
            var active = await _library.ActivateAsync(user, manifest.Id, decision.Reason, cancellationToken);
            await SwapAsync(user, adopt: false, cancellationToken);
            return active;
        }, cancellationToken);
        await RebuildNGramsAsync(user, header.Collection, header.Gated!.Mixture, keepMixture: true, CancellationToken.None);
        await _checkpoints.DeleteAsync(user, CancellationToken.None);
        Log.GateDecided(_logger, entry.Id, decision.Promote, decision.Reason);
        return new TrainingOutcome
        {
            Status = decision.Promote ? TrainingStatus.Promoted : TrainingStatus.Rejected,
            Decision = decision,
            Adapter = entry,
            Mixture = PersonalNGrams.Mixture(header.Gated.Mixture, _model.Digest),
            Resumed = resumed,
        };
    }

    private async Task RebuildNGramsAsync(string user, string collection, MixtureRecord? mixture, bool keepMixture, CancellationToken cancellationToken)
    {
        var messages = await TrainingSet.ReadAsync(_store.Examples, Encoder(Options.Recipe), user, collection, cancellationToken);
        await _nGrams.RebuildAsync(user, messages, mixture, keepMixture, cancellationToken);
    }

    /// <summary>
    /// The held-out messages; without those that the current adapter was trained on, as long as enough remain. With too few left the
    /// current adapter has the advantage of knowing them, so that the gate errs on the side of what runs already.
    /// </summary>
    private static List<EncodedMessage> HeldOut(TrainingSet set, AdapterManifest? current, PromotionGateOptions options)
    {
        var all = set.Validation.Select(message => message.Encoded).ToList();
        if (current is null) return all;
        var learned = Learned(current);
        var unseen = set.Validation.Where(message => !learned.Contains(message.Id.ToString())).Select(message => message.Encoded).ToList();
        var tokens = unseen.Sum(message => message.Pieces.Sum(piece => piece.Ids.Length - piece.FirstTarget));
        return unseen.Count >= options.MinimumMessages && tokens >= options.MinimumTokens ? unseen : all;
    }

    private static HashSet<string> Learned(AdapterManifest manifest) =>
        manifest.TrainingExamples.Concat(manifest.Refitted ? manifest.ValidationExamples : []).ToHashSet(StringComparer.Ordinal);

    private AdapterManifest Manifest(string user, RunHeader header, byte[] file, bool refitted)
    {
        var gated = header.Gated!;
        return new AdapterManifest
        {
            Id = header.AdapterId,
            ParentId = gated.ParentId,
            User = user,
            Collection = header.Collection,
            BaseDigest = header.BaseDigest,
            TokenizerDigest = header.TokenizerDigest,
            GlobalDigest = header.GlobalDigest,
            TrainingExamples = header.TrainingExamples,
            ValidationExamples = header.ValidationExamples,
            Refitted = refitted,
            ExampleSetDigest = SetDigest(header.TrainingExamples, header.ValidationExamples),
            Recipe = header.Recipe,
            Threads = header.Threads,
            MicroBatchTokens = header.MicroBatchTokens,
            Metrics = new AdapterMetrics
            {
                Before = gated.Before,
                After = gated.After,
                Base = gated.Base,
                BestEpoch = gated.BestEpoch,
                ValidationLosses = gated.ValidationLosses,
                TrainingLosses = gated.TrainingLosses,
                Steps = gated.Steps,
                TrainedTokens = gated.TrainedTokens,
            },
            GateReason = gated.Reason,
            Created = _time.GetUtcNow(),
            WeightsDigest = Convert.ToHexStringLower(SHA256.HashData(file)),
            WeightsLength = file.Length,
            NGramCacheId = PersonalNGrams.CacheName,
        };
    }
}
