namespace PersonaTune.Aggregator.Persistence;

/// <summary>Leases in the database, by its clock (SQLite: the process's, since there is one node). Thread-safe.</summary>
internal sealed class LeaseStore(AggregatorDatabase database)
{
    /// <summary>Takes a lease that is free or ran out; null if another holder has it.</summary>
    public Task<Lease?> TryAcquireAsync(string name, string holder, TimeSpan duration, CancellationToken cancellationToken = default) =>
        database.RunTransactionAsync("lease-acquire", async (transaction, _) =>
        {
            var now = transaction.Dialect.Now;
            var token = await transaction.FirstOrDefaultAsync<long?>($"""
                INSERT INTO lease (name, holder, token, expires_at) VALUES (@name, @holder, 1, {now} + @milliseconds)
                ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, token = lease.token + 1, expires_at = excluded.expires_at
                WHERE lease.expires_at <= {now}
                RETURNING token
                """, new { name, holder, milliseconds = (long)duration.TotalMilliseconds, now = await transaction.NowAsync() });
            return token is { } taken ? new Lease(name, holder, taken) : null;
        }, cancellationToken);

    /// <summary>Prolongs a lease; false if it is held no longer.</summary>
    public Task<bool> RenewAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken = default) =>
        database.RunTransactionAsync("lease-renew", async (transaction, _) => await transaction.ExecuteAsync($"""
            UPDATE lease SET expires_at = {transaction.Dialect.Now} + @milliseconds
            WHERE name = @Name AND holder = @Holder AND token = @Token AND expires_at > {transaction.Dialect.Now}
            """, new { lease.Name, lease.Holder, lease.Token, milliseconds = (long)duration.TotalMilliseconds, now = await transaction.NowAsync() }) == 1, cancellationToken);

    /// <summary>Gives a lease back, so that another node need not wait. The token stays.</summary>
    public Task ReleaseAsync(Lease lease, CancellationToken cancellationToken = default) =>
        database.RunTransactionAsync("lease-release", transaction => transaction.ExecuteAsync(
            "UPDATE lease SET expires_at = 0 WHERE name = @Name AND holder = @Holder AND token = @Token", new { lease.Name, lease.Holder, lease.Token }), cancellationToken);
}
