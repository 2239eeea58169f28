using PersonaTune.Aggregator.Persistence;
using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Privacy.SecureAggregation.Messages;
using PersonaTune.Protocol.Rounds;

namespace PersonaTune.Aggregator.Rounds;

/// <summary>Drives a cohort of plain reports: adds each to the sum once it is complete.</summary>
internal sealed class PlainCohortDriver(AggregatorContext context, CohortInfo cohort, Lease lease) : CohortDriver(context, cohort, lease)
{
    private readonly HashSet<string> _added = new(StringComparer.Ordinal);
    private readonly HashSet<string> _refused = new(StringComparer.Ordinal);
    private uint[] _sum = []; // (d), modulo 2^32
    private uint[] _words = []; // (d)
    private byte[] _packed = [];
    private DateTimeOffset _deadline;

    private int Chunks => DeviceMessage.Chunks(Cohort.Configuration);

    /// <inheritdoc/>
    protected override Task PrepareAsync(CohortRow row, CancellationToken cancellationToken)
    {
        _deadline = DateTimeOffset.FromUnixTimeMilliseconds(row.Deadline);
        if (_sum.Length > 0) return Task.CompletedTask;
        (_sum, _words) = (new uint[Cohort.Configuration.Dimension], new uint[Cohort.Configuration.Dimension]);
        _packed = new byte[Cohort.Configuration.PackedLength];
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override async Task FeedAsync(RoundState stage, CancellationToken cancellationToken)
    {
        foreach (var part in (await Context.Database.ReadAsync(CompleteAsync, cancellationToken)).Chunk(32))
        {
            await Context.Database.ReadAsync(async transaction =>
            {
                foreach (var device in part) await AddAsync(transaction, device);
                return 0;
            }, cancellationToken);
        }
    }

    /// <inheritdoc/>
    protected override async Task FeedLockedAsync(DatabaseTransaction transaction, RoundState stage)
    {
        foreach (var device in await CompleteAsync(transaction)) await AddAsync(transaction, device);
    }

    /// <inheritdoc/>
    protected override bool CanClose(DateTimeOffset now) => _added.Count >= Cohort.Task.Cohorts.GoalPerCohort || now >= _deadline;

    /// <inheritdoc/>
    protected override async Task CloseStageAsync(DatabaseTransaction transaction, CohortRow row, long now)
    {
        foreach (var device in _refused) await DropAsync(transaction, new MessageRow { Device = device, Type = StageOf.PlainReport, Chunk = Chunks - 1 }, RefusalReason.Malformed.Name());
        await DropLateAsync(transaction, ParticipationState.Offered, now < row.Deadline ? DropReason.NotNeeded : DropReason.Late);
        if (_added.Count < Cohort.Configuration.MinimumDevices)
        {
            await AbandonAsync(transaction, row, $"{RefusalReason.TooFewSurvivors.Name()}: {_added.Count} reports, expected at least {Cohort.Configuration.MinimumDevices}");
            return;
        }

        if (Cohort.Configuration.Bits < 32)
            foreach (ref var word in _sum.AsSpan()) word &= (1u << Cohort.Configuration.Bits) - 1;
        await FinishAsync(transaction, row, _sum, [.. _added]);
    }

    /// <inheritdoc/>
    protected override void Forget()
    {
        _added.Clear();
        _refused.Clear();
        (_sum, _words, _packed) = ([], [], []);
    }

    private async Task<IReadOnlyList<string>> CompleteAsync(DatabaseTransaction transaction) => [.. (await transaction.QueryAsync<string>(
        "SELECT device FROM participation WHERE cohort = @Id AND state = 'submitted' AND dropped IS NULL ORDER BY device", new { Cohort.Id }))
        .Where(device => !_added.Contains(device) && !_refused.Contains(device))];

    private async Task AddAsync(DatabaseTransaction transaction, string device)
    {
        for (var chunk = 0; chunk < Chunks; chunk++)
        {
            var body = await BodyAsync(transaction, new MessageRow { Device = device, Type = StageOf.PlainReport, Chunk = chunk });
            body.CopyTo(_packed.AsSpan(DeviceMessage.Chunk(Cohort.Configuration, chunk)));
        }

        try
        {
            BitPacking.Unpack(_packed, Cohort.Configuration.Bits, _words);
        }
        catch (PackedVectorException)
        {
            _refused.Add(device);
            return;
        }

        for (var i = 0; i < _sum.Length; i++) _sum[i] += _words[i];
        _added.Add(device);
    }
}
