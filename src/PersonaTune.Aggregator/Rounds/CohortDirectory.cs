using System.Collections.Concurrent;
using System.Text.Json;
using PersonaTune.Aggregator.Persistence;
using PersonaTune.Privacy.SecureAggregation.Rounds;
using PersonaTune.Protocol.Problems;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Aggregator.Rounds;

/// <summary>What never changes about cohorts, kept in memory. Thread-safe.</summary>
internal sealed class CohortDirectory(AggregatorDatabase database)
{
    private const int Kept = 4096;
    private readonly ConcurrentDictionary<string, CohortInfo> _known = new(StringComparer.Ordinal);

    /// <summary>A cohort.</summary>
    /// <exception cref="RequestException">There is none of this id.</exception>
    public async Task<CohortInfo> GetAsync(string id, CancellationToken cancellationToken)
    {
        if (_known.TryGetValue(id, out var known)) return known;
        var row = await database.ReadAsync(transaction => transaction.FirstOrDefaultAsync<Row>(
            "SELECT c.id, c.round_id, c.configuration, c.session, t.definition FROM cohort c JOIN task t ON t.name = c.task WHERE c.id = @id", new { id }), cancellationToken)
            ?? throw new RequestException(404, ProblemTypes.NotFound, "there is no such cohort; check in again");
        if (_known.Count > Kept) _known.Clear();
        return _known[id] = new CohortInfo(
            row.Id, row.RoundId, JsonSerializer.Deserialize(row.Definition, ProtocolJson.Default.TaskDefinition)!, RoundConfiguration.Decode(row.Configuration), row.Session);
    }

    private sealed class Row
    {
        public string Id { get; set; } = string.Empty;

        public string RoundId { get; set; } = string.Empty;

        public byte[] Configuration { get; set; } = [];

        public string Session { get; set; } = string.Empty;

        public string Definition { get; set; } = string.Empty;
    }
}
