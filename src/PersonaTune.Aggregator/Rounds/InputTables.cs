using System.Security.Cryptography;
using System.Text;
using PersonaTune.Aggregator.Persistence;

namespace PersonaTune.Aggregator.Rounds;

/// <summary>
/// The messages of a round: they exist from its start to its end and no longer. PostgreSQL keeps them in partitions of their own, which vanish at once and
/// for good; SQLite deletes the rows (and overwrites them, see secure_delete).
/// </summary>
internal static class InputTables
{
    private static readonly string[] Tables = ["message", "outbox"];

    public static async Task CreateAsync(DatabaseTransaction transaction, string roundId)
    {
        if (!transaction.Dialect.IsPostgreSql) return;
        foreach (var table in Tables)
            await transaction.ExecuteAsync($"CREATE TABLE {Partition(table, roundId)} PARTITION OF {table} FOR VALUES IN ('{Literal(roundId)}')");
    }

    public static async Task DropAsync(DatabaseTransaction transaction, string roundId)
    {
        foreach (var table in Tables)
        {
            if (transaction.Dialect.IsPostgreSql) await transaction.ExecuteAsync($"DROP TABLE IF EXISTS {Partition(table, roundId)}");
            else await transaction.ExecuteAsync($"DELETE FROM {table} WHERE round_id = @roundId", new { roundId });
        }
    }

    /// <summary>Bytes that devices sent.</summary>
    public static Task<long> BytesAsync(DatabaseTransaction transaction, string roundId) =>
        transaction.ScalarAsync<long>("SELECT COALESCE(SUM(LENGTH(body)), 0) FROM message WHERE round_id = @roundId", new { roundId })!;

    private static string Partition(string table, string roundId) =>
        $"{table}_{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(roundId)).AsSpan(0, 12))}";

    // Round ids are made here of task names (a-z, 0-9, hyphens) and numbers.
    private static string Literal(string roundId) => roundId.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.')
        ? roundId
        : throw new ArgumentException($"'{roundId}' is no round id", nameof(roundId));
}
