using PersonaTune.Aggregator.Persistence;

namespace PersonaTune.Aggregator.Enrolment;

/// <summary>The register in the authority's database.</summary>
internal sealed class DatabaseEnrolmentRegister(AggregatorDatabase database) : IEnrolmentRegister
{
    /// <inheritdoc/>
    public Task<bool> TryEnrolAsync(string name, string device, int quota, CancellationToken cancellationToken) =>
        database.RunTransactionAsync("enrol", async (transaction, _) =>
        {
            // The row of the name is the lock.
            await transaction.ExecuteAsync("INSERT INTO enrolment_name (name, keys) VALUES (@name, 0) ON CONFLICT (name) DO NOTHING", new { name });
            var keys = await transaction.FirstOrDefaultAsync<int>($"SELECT keys FROM enrolment_name WHERE name = @name{transaction.Dialect.ForUpdate}", new { name });
            if (await transaction.FirstOrDefaultAsync<string>("SELECT device FROM enrolment WHERE name = @name AND device = @device", new { name, device }) is not null) return true;
            if (keys >= quota) return false;
            await transaction.ExecuteAsync(
                "INSERT INTO enrolment (name, device, enrolled_at) VALUES (@name, @device, @now)", new { name, device, now = await transaction.NowAsync() });
            await transaction.ExecuteAsync("UPDATE enrolment_name SET keys = keys + 1 WHERE name = @name", new { name });
            return true;
        }, cancellationToken);
}
