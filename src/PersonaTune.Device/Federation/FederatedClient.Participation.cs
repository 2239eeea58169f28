using System.Security.Cryptography;
using System.Text.Json;
using PersonaTune.Privacy.Mechanisms;
using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Privacy.SecureAggregation.Messages;
using PersonaTune.Privacy.SecureAggregation.Rounds;
using PersonaTune.Privacy.SecureAggregation.SingleServer;
using PersonaTune.Protocol.Releases;
using PersonaTune.Protocol.Rounds;
using PersonaTune.Protocol.Tasks;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Device.Federation;

public sealed partial class FederatedClient
{
    private async Task TakePartAsync(Attempt attempt, Assignment seat, IFederatedTrainer trainer, CancellationToken cancellationToken)
    {
        var task = attempt.Task;
        var secure = task.Aggregation == AggregationKind.Secure;
        // Before an hour of training: is the round what the task promises?
        var configuration = secure ? DeviceMessage.ReadOffer(SignedMessage.Parse(seat.Offer)) : RoundConfiguration.Decode(seat.Offer.Span);
        RoundExpectation.Check(task, configuration);
        var start = await FetchStartAsync(task, seat.Release, cancellationToken).ConfigureAwait(false);
        await ObserveAsync(ParticipationStep.Train, cancellationToken).ConfigureAwait(false);
        var update = await trainer.TrainAsync(start, task.Training, cancellationToken).ConfigureAwait(false);
        try
        {
            await EnsureAdmittedAsync(attempt, update.Examples, cancellationToken).ConfigureAwait(false);
            if (secure) await ReportSecurelyAsync(attempt, seat, update, cancellationToken).ConfigureAwait(false);
            else await ReportPlainlyAsync(attempt, seat, configuration, update, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Array.Clear(update.Delta);
        }
    }

    private async Task<float[]> FetchStartAsync(TaskDefinition task, int release, CancellationToken cancellationToken)
    {
        if (release == 0) return new float[task.Adapter.Dimension];
        var view = await _options.Service.GetReleaseAsync(task.Name, release, cancellationToken).ConfigureAwait(false);
        var manifest = VerifyRelease(task, view);
        if (manifest.Number != release) throw Refuse($"release {release} was asked for, its manifest is that of release {manifest.Number}");
        return await FetchVectorAsync(task, manifest, cancellationToken).ConfigureAwait(false);
    }

    private ReleaseManifest VerifyRelease(TaskDefinition task, ReleaseView view)
    {
        try
        {
            var json = _operators.Open(view.Envelope.Span, ReleaseManifest.SigningContext);
            var manifest = JsonSerializer.Deserialize(json.Span, ProtocolJson.Default.ReleaseManifest)!;
            if (manifest.Task != task.Name || manifest.SchemaHash != task.Adapter.SchemaHash || manifest.BaseModelDigest != task.Adapter.BaseModelDigest || manifest.Dimension != task.Adapter.Dimension)
                throw Refuse($"the release is of task '{manifest.Task}', layout {manifest.SchemaHash} and {manifest.Dimension} coordinates, which is not this task's");
            var last = _options.Releases.LastRelease(task.Name);
            if (manifest.Number < last) throw Refuse($"release {manifest.Number} is older than release {last}, which this device has seen");
            return manifest;
        }
        catch (Exception e) when (e is Privacy.Signing.SigningException or JsonException)
        {
            throw Refuse($"the release is refused: {e.Message}", e);
        }
    }

    private async Task<float[]> FetchVectorAsync(TaskDefinition task, ReleaseManifest manifest, CancellationToken cancellationToken)
    {
        var bytes = await _options.Service.GetVectorAsync(task.Name, manifest.Number, cancellationToken).ConfigureAwait(false);
        if (Convert.ToHexStringLower(SHA256.HashData(bytes.Span)) != manifest.VectorDigest)
            throw Refuse($"the vector of release {manifest.Number} is not the one that the operator signed");
        try
        {
            var vector = VectorEncoding.Decode(bytes.Span, task.Adapter.Dimension);
            _options.Releases.Remember(task.Name, manifest.Number);
            return vector;
        }
        catch (VectorFormatException e)
        {
            throw Refuse(e.Message, e);
        }
    }

    private async Task ReportSecurelyAsync(Attempt attempt, Assignment seat, FederatedUpdate update, CancellationToken cancellationToken)
    {
        var task = attempt.Task;
        using var server = new VerificationKey(_options.ServerKey.Span);
        var budget = new TrackedBudget(this, _options.Budget(task), attempt);
        var policy = new DevicePolicy
        {
            Certificates = _options.Authority,
            Server = server,
            Budget = budget,
            Noise = new MechanismNoise(_options.Randomness),
            CohortFloor = _options.CohortFloor,
            RequireNoise = task.Privacy.Kind == PrivacyKind.Distributed,
            MinimumCorruptPpm = _options.MinimumCorruptPpm,
        };
        var report = new EncodedReport(
            update.Delta, RoundExpectation.Encoding(task), Convert.FromHexString(task.Adapter.BaseModelDigest), Convert.FromHexString(task.Adapter.SchemaHash), _options.Randomness);
        using var round = new DeviceRound(policy, _options.Identity, _options.Rounds, report);
        var message = seat.Offer;
        while (true)
        {
            await ObserveAsync(StepFor(message), cancellationToken).ConfigureAwait(false);
            if (StepFor(message) == ParticipationStep.Upload) await EnsureAdmittedAsync(attempt, update.Examples, cancellationToken).ConfigureAwait(false);
            var answers = round.Receive(message, Now);
            await UploadAsync(seat.Cohort, round, answers, cancellationToken).ConfigureAwait(false);
            if (round.Stage == DeviceStage.Finished) return;
            message = await WaitAsync(seat.Cohort, message.Span[5], cancellationToken).ConfigureAwait(false);
        }
    }

    // An upload of many chunks that broke off goes on with what is missing.
    private async Task UploadAsync(string cohort, DeviceRound round, IReadOnlyList<ReadOnlyMemory<byte>> answers, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var answer in answers) await _options.Service.SendAsync(cohort, answer, cancellationToken).ConfigureAwait(false);
        }
        catch (AggregatorException e) when (e.Status == 0 && answers.Count > 1)
        {
            var missing = await _options.Service.GetMissingAsync(cohort, cancellationToken).ConfigureAwait(false);
            foreach (var chunk in round.Resend(missing.Chunks)) await _options.Service.SendAsync(cohort, chunk, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<ReadOnlyMemory<byte>> WaitAsync(string cohort, int after, CancellationToken cancellationToken)
    {
        while (true)
        {
            var message = await _options.Service.NextMessageAsync(cohort, after, cancellationToken).ConfigureAwait(false);
            if (!message.IsEmpty) return message;
        }
    }

    private async Task ReportPlainlyAsync(Attempt attempt, Assignment seat, RoundConfiguration configuration, FederatedUpdate update, CancellationToken cancellationToken)
    {
        var task = attempt.Task;
        var session = SessionId.Derive(configuration, new byte[SessionId.NonceLength]);
        if (!_options.Rounds.TryBegin(task.Name, configuration.Round, session)) throw Refuse($"round {configuration.Round} was seen before; wait for the next");
        var budget = new TrackedBudget(this, _options.Budget(task), attempt);
        if (!budget.Covers(configuration) || !budget.TrySpend(configuration, session)) throw new RefusalException(RefusalReason.BudgetExhausted, "round", "the user's budget does not cover it; wait until budget is granted");
        var packed = Pack(task, configuration, update.Delta);
        await ObserveAsync(ParticipationStep.Upload, cancellationToken).ConfigureAwait(false);
        for (var chunk = 0; chunk < DeviceMessage.Chunks(configuration); chunk++)
            await _options.Service.SendReportAsync(seat.Cohort, chunk, packed.AsMemory(DeviceMessage.Chunk(configuration, chunk)), cancellationToken).ConfigureAwait(false);
    }

    private byte[] Pack(TaskDefinition task, RoundConfiguration configuration, float[] delta)
    {
        using var system = _options.Randomness is null ? new CryptographicNoiseSource() : null;
        var source = _options.Randomness ?? system!;
        var encoder = new UpdateEncoder(RoundExpectation.Encoding(task));
        var values = encoder.Encode(delta, source);
        if (task.Privacy.Kind == PrivacyKind.Local)
        {
            var sigma = task.Privacy.NoiseMultiplier * encoder.L2Bound;
            IntegerNoise law = task.Privacy.Law == NoiseLaw.Skellam ? new SkellamNoise(sigma * sigma) : new DiscreteGaussianNoise(sigma);
            law.AddTo(source, values);
        }

        var words = new uint[values.Length];
        for (var i = 0; i < words.Length; i++) words[i] = (uint)values[i] & (uint.MaxValue >> (32 - configuration.Bits));
        Array.Clear(values);
        var packed = new byte[configuration.PackedLength];
        BitPacking.Pack(words, configuration.Bits, packed);
        return packed;
    }

    private async ValueTask EnsureAdmittedAsync(Attempt attempt, int examples, CancellationToken cancellationToken)
    {
        if (await _options.Consent(attempt.Task, cancellationToken).ConfigureAwait(false) != attempt.Consent)
            throw new AdmissionEndedException("the consent that the participation began with was withdrawn, replaced or has expired", "consent-ended");
        if (await _options.Admit(attempt.Task, examples, cancellationToken).ConfigureAwait(false) is { } reason) throw new AdmissionEndedException(reason, "not-admitted");
    }

    private static ParticipationStep StepFor(ReadOnlyMemory<byte> message) => (MessageType)message.Span[5] switch
    {
        MessageType.Offer => ParticipationStep.Advertise,
        MessageType.Roster => ParticipationStep.Open,
        MessageType.Openings => ParticipationStep.Share,
        MessageType.Boxes => ParticipationStep.Upload,
        MessageType.Survivors => ParticipationStep.Confirm,
        _ => ParticipationStep.Unmask,
    };

    private static RefusalException Refuse(string problem, Exception? inner = null) => new(RefusalReason.ConfigurationInvalid, "round", problem, inner);

    private sealed class TrackedBudget(FederatedClient client, IRoundBudget budget, Attempt attempt) : IRoundBudget
    {
        public bool Covers(RoundConfiguration configuration) => budget.Covers(configuration);

        public bool TrySpend(RoundConfiguration configuration, SessionId session)
        {
            client.RecordCost(attempt, attempt.Record is null ? 0 : TaskCost.RoundEpsilon(attempt.Task));
            attempt.Paid = budget.TrySpend(configuration, session);
            if (!attempt.Paid) client.RecordCost(attempt, 0);
            return attempt.Paid;
        }
    }
}
