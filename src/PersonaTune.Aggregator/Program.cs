using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using PersonaTune.Aggregator.Hosting;
using PersonaTune.Aggregator.Persistence;

// Configuration: appsettings.json, environment variables with the prefix PERSONATUNE_ (two underscores between levels), command line.
var configuration = new ConfigurationBuilder()
    .SetBasePath(AppContext.BaseDirectory).AddJsonFile("appsettings.json", optional: true).AddEnvironmentVariables("PERSONATUNE_").AddCommandLine(args).Build();
try
{
    var service = configuration.GetSection("Service");
    var options = new AggregatorHostOptions
    {
        Keys = ServiceFolder.Open(service["Keys"] ?? "keys", create: service.GetValue("Init", false)),
        Urls = service["Urls"] ?? "http://127.0.0.1:5080",
        Certificate = service["Certificate"] is { Length: > 0 } certificate ? X509CertificateLoader.LoadPkcs12FromFile(certificate, service["CertificatePassword"]) : null,
        ServeAuthority = service.GetValue("Authority", true),
        ServeAggregator = service.GetValue("Aggregator", true),
        PublicDashboard = service.GetValue("PublicDashboard", true),
        RequestsPerSecond = service.GetValue("RequestsPerSecond", 50),
        OtlpEndpoint = configuration["Telemetry:OtlpEndpoint"] is { Length: > 0 } collector ? new Uri(collector) : null,
        LogLevel = service.GetValue("LogLevel", LogLevel.Information),
    };
    configuration.GetSection("Aggregator").Bind(options.Aggregator);
    configuration.GetSection("Database").Bind(options.Database);
    configuration.GetSection("Authority").Bind(options.Authority);
    await using var app = await AggregatorHost.CreateAsync(options);
    await app.RunAsync();
    return 0;
}
catch (Exception e) when (e is ValidationException or DatabaseException or InvalidOperationException or IOException or UriFormatException or CryptographicException)
{
    await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"personatune-aggregator: {e.Message}"));
    return 2;
}
