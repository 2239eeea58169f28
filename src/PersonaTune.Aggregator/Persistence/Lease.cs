namespace PersonaTune.Aggregator.Persistence;

/// <summary>The right to drive something, for a while. The token grows with every holder, so that a stale one can be told.</summary>
/// <param name="Name">What is driven.</param>
/// <param name="Holder">The node.</param>
/// <param name="Token">The fencing token.</param>
internal sealed record Lease(string Name, string Holder, long Token)
{
    /// <summary>Locks the lease for the transaction; a holder that another one replaced, or whose time ran out, cannot commit.</summary>
    /// <exception cref="LeaseLostException">It is held no longer.</exception>
    public async Task EnsureHeldAsync(DatabaseTransaction transaction)
    {
        var held = await transaction.FirstOrDefaultAsync<long?>(
            $"SELECT token FROM lease WHERE name = @Name AND holder = @Holder AND token = @Token AND expires_at > {transaction.Dialect.Now}{transaction.Dialect.ForUpdate}",
            new { Name, Holder, Token, now = await transaction.NowAsync() });
        if (held is null) throw new LeaseLostException(Name);
    }
}
