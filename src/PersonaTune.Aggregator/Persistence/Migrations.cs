using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace PersonaTune.Aggregator.Persistence;

/// <summary>
/// Brings the schema up to date with the embedded scripts <c>NNNN_name.sql</c>, in order, each once, in one transaction. An applied script that was
/// changed since, or a database of a newer program, is refused.
/// </summary>
internal static class Migrations
{
    private const string Prefix = "PersonaTune.Aggregator.Persistence.Migrations.";

    public static async Task ApplyAsync(DatabaseTransaction transaction)
    {
        // Nodes that start together wait for each other here.
        if (transaction.Dialect.IsPostgreSql) await transaction.ExecuteAsync("SELECT pg_advisory_xact_lock(7093817240115)");
        await transaction.ExecuteAsync("""
            CREATE TABLE IF NOT EXISTS schema_migration (
                version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)
            """);
        var applied = (await transaction.QueryAsync<Applied>("SELECT version, name, checksum FROM schema_migration")).ToDictionary(row => row.Version);
        var scripts = Scripts();
        if (applied.Keys.Except(scripts.Select(script => script.Version)).ToArray() is { Length: > 0 } unknown)
            throw new DatabaseException($"its schema has version {unknown.Max()}, this program knows {scripts[^1].Version}; start a newer program");
        foreach (var (version, name, text) in scripts)
        {
            var checksum = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
            if (applied.TryGetValue(version, out var row))
            {
                if (!string.Equals(row.Checksum, checksum, StringComparison.Ordinal))
                    throw new DatabaseException($"migration {version} '{row.Name}' was applied with another content than this program's; restore the script or the database");
                continue;
            }

            await transaction.ExecuteAsync(transaction.Dialect.Translate(text));
            await transaction.ExecuteAsync(
                "INSERT INTO schema_migration (version, name, checksum, applied_at) VALUES (@version, @name, @checksum, @now)",
                new { version, name, checksum, now = await transaction.NowAsync() });
        }
    }

    private static List<(int Version, string Name, string Text)> Scripts()
    {
        var assembly = Assembly.GetExecutingAssembly();
        var scripts = new List<(int, string, string)>();
        foreach (var resource in assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            var name = resource[Prefix.Length..^".sql".Length];
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            scripts.Add((int.Parse(name[..4], System.Globalization.CultureInfo.InvariantCulture), name[5..], reader.ReadToEnd().ReplaceLineEndings("\n")));
        }

        return scripts;
    }

    private sealed class Applied
    {
        public int Version { get; set; }

        public string Name { get; set; } = string.Empty;

        public string Checksum { get; set; } = string.Empty;
    }
}
