using System.Security.Cryptography;
using PersonaTune.Protocol.Problems;

namespace PersonaTune.Device.Federation;

public sealed partial class FederatedClient
{
    private const int LongestReason = 64;

    /// <summary>What the device has contributed, oldest first; empty where <see cref="FederatedClientOptions.Participations"/> is null.</summary>
    public async Task<IReadOnlyList<ParticipationRecord>> ListParticipationsAsync(CancellationToken cancellationToken = default) =>
        _options.Participations is { } log ? await log.ListAsync(cancellationToken).ConfigureAwait(false) : [];

    private void BeginRecord(Attempt attempt)
    {
        if (_options.Participations is not { } log) return;
        attempt.Record = new ParticipationRecord(
            Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), attempt.Task.Name, attempt.Round, Now, null, attempt.Consent, 0, attempt.Task.Privacy.Delta,
            ParticipationStatus.Unfinished, null);
        log.Save(attempt.Record);
    }

    private void EndRecord(Attempt attempt, ParticipationStatus status, string? reason)
    {
        if (attempt.Record is not { } record) return;
        _options.Participations!.Save(record with { Ended = Now, Status = status, Reason = reason });
    }

    // Before the charge: what a crash leaves behind may say too much, never too little.
    private void RecordCost(Attempt attempt, double epsilon)
    {
        if (attempt.Record is not { } record) return;
        var priced = record with { Epsilon = epsilon };
        _options.Participations!.Save(priced);
        attempt.Record = priced;
    }

    // Nothing that somebody else wrote gets into the record unless it has the form of a code.
    private static string Code(string? text) =>
        text is { Length: > 0 and <= LongestReason } && text.All(c => char.IsAsciiLetterOrDigit(c) || c == '-') ? text : "other";

    private static string DropCode(AggregatorException e) => e.Reason is { } reason ? Code(reason) : Code(e.Type.Split(':')[^1]);

    private static string FailureCode(Exception e) => e switch
    {
        AggregatorException { Status: 0 } => "unreachable",
        AggregatorException { Type: ProblemTypes.Unavailable or ProblemTypes.RateLimited } => "unavailable",
        AggregatorException => "aggregator-error",
        _ => "device-error",
    };
}
