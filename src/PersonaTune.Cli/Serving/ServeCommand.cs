using System.CommandLine;
using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using PersonaTune.Aggregator.Hosting;
using PersonaTune.Aggregator.Persistence;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Simulation;
using PersonaTune.Cli.Terminal;

namespace PersonaTune.Cli.Serving;

/// <summary><c>serve</c>: an aggregator on this machine.</summary>
internal static class ServeCommand
{
    private const string PasswordVariable = "PERSONATUNE_CERTIFICATE_PASSWORD";

    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var folder = new Option<string>("--folder") { Description = "Keys and, with SQLite, the database. Default: aggregator.", HelpName = "FOLDER", DefaultValueFactory = _ => "aggregator" };
        var url = new Option<string>("--url") { Description = "Where to listen.", HelpName = "URL", DefaultValueFactory = _ => "http://127.0.0.1:5080" };
        var certificate = new Option<string?>("--certificate")
        {
            Description = "TLS certificate with its key for an https address: PKCS #12, its password in " + PasswordVariable + " if it has one.",
            HelpName = "FILE",
        };
        var postgres = new Option<string?>("--postgres") { Description = "PostgreSQL instead of SQLite: a connection string.", HelpName = "TEXT" };
        var init = new Option<bool>("--init") { Description = "Make the keys that are missing in the folder." };
        var authority = new Option<string>("--authority") { Description = "with (default): also the enrolment authority; without: not; only: nothing else.", HelpName = "HOW", DefaultValueFactory = _ => "with" };
        authority.AcceptOnlyFromAmong("with", "without", "only");
        var quota = new Option<int>("--keys-per-token") { Description = "Keys that the enrolment token may enrol.", HelpName = "N", DefaultValueFactory = _ => 10_000 };
        quota.Require("1 to 1000000", value => value is >= 1 and <= 1_000_000);
        var command = new Command("serve", "Run an aggregator with its dashboard on this machine.") { folder, url, certificate, postgres, init, authority, quota };
        command.Validators.Add(result =>
        {
            if (result.GetValue(url)?.Contains("https:", StringComparison.OrdinalIgnoreCase) == true && result.GetValue(certificate) is null) result.AddError("--url: an https address needs --certificate FILE");
        });
        Invocation.SetAction(command, shared, console, async invocation =>
        {
            var parse = invocation.Parse;
            try
            {
                var path = parse.GetValue(folder)!;
                using var tls = parse.GetValue(certificate) is { } file ? LoadCertificate(file, invocation.Console.Environment(PasswordVariable)) : null;
                var options = new AggregatorHostOptions
                {
                    Keys = ServiceFolder.Open(Path.Combine(path, "keys"), parse.GetValue(init)),
                    Urls = parse.GetValue(url)!,
                    Certificate = tls,
                    ServeAuthority = parse.GetValue(authority) != "without",
                    ServeAggregator = parse.GetValue(authority) != "only",
                    Database = parse.GetValue(postgres) is { } connection
                        ? new DatabaseOptions { Kind = DatabaseKind.PostgreSql, Connection = connection }
                        : new DatabaseOptions { Connection = Path.Combine(path, "aggregator.db") },
                };
                options.Authority.KeysPerName = parse.GetValue(quota);
                await using var app = await AggregatorHost.CreateAsync(options, invocation.Cancellation);
                await app.StartAsync(invocation.Cancellation);
                var address = Simulator.AddressOf(app);
                invocation.Report($"dashboard and service: {address}{Environment.NewLine}keys, operator's token and enrolment token: {options.Keys.Path}", json =>
                {
                    json.WriteString("address", address.ToString());
                    json.WriteString("keys", options.Keys.Path);
                });
                await Task.Delay(Timeout.Infinite, invocation.Cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                await app.StopAsync(CancellationToken.None);
                return ExitCode.Success;
            }
            catch (Exception e) when (e is DatabaseException or ValidationException or InvalidOperationException or IOException or UriFormatException)
            {
                throw new ToolException(ExitCode.Failure, e.Message, e);
            }
        });
        return command;
    }

    private static X509Certificate2 LoadCertificate(string file, string? password)
    {
        if (!File.Exists(file)) throw new ToolException(ExitCode.BadInput, $"{file}: no such file; give a certificate with its key, PKCS #12");
        X509Certificate2 certificate;
        try
        {
            certificate = X509CertificateLoader.LoadPkcs12FromFile(file, password);
        }
        catch (CryptographicException e)
        {
            throw new ToolException(ExitCode.BadInput, $"{file}: expected PKCS #12 that opens {(password is null ? "without a password" : $"with the password in {PasswordVariable}")}: {e.Message}", e);
        }

        if (certificate.HasPrivateKey) return certificate;
        certificate.Dispose();
        throw new ToolException(ExitCode.BadInput, $"{file}: holds a certificate without its key; export both into one PKCS #12 file");
    }
}
