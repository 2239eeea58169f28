using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using PersonaTune.Aggregator.Dashboard;
using PersonaTune.Aggregator.Endpoints;
using PersonaTune.Aggregator.Enrolment;
using PersonaTune.Aggregator.Maintenance;
using PersonaTune.Aggregator.Persistence;
using PersonaTune.Aggregator.Rounds;
using PersonaTune.Aggregator.Tasks;
using PersonaTune.Aggregator.Telemetry;
using PersonaTune.Protocol.Requests;
using PersonaTune.Protocol.Wire;

namespace PersonaTune.Aggregator.Hosting;

/// <summary>Builds a node: for the executable, for the tool, and in process for simulations and tests.</summary>
public static class AggregatorHost
{
    /// <summary>Opens the database, brings its schema up to date, and builds the service; run it or start it.</summary>
    /// <exception cref="DatabaseException">The database does not answer, or is not one of this program.</exception>
    /// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
    public static async Task<WebApplication> CreateAsync(AggregatorHostOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        foreach (var part in (object[])[options.Aggregator, options.Database, options.Authority])
            Validator.ValidateObject(part, new ValidationContext(part), validateAllProperties: true);
        var tls = options.Urls.Contains("https:", StringComparison.OrdinalIgnoreCase);
        if (tls && options.Certificate is null)
            throw new ValidationException($"'{options.Urls}' has an https address, which needs a TLS certificate with its key, and none is set; give one (Service:Certificate, serve --certificate), or listen on http behind a TLS terminator");
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = [] });
        builder.WebHost.UseUrls(options.Urls);
        // A slim builder leaves TLS out unless it is asked for.
        if (tls) builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => Limit(kestrel, tls, options.Certificate));
        builder.Logging.ClearProviders().SetMinimumLevel(options.LogLevel).AddFilter("Microsoft", LogLevel.Warning).AddJsonConsole();
        var keys = options.Keys.Keys();
        var database = await AggregatorDatabase.OpenAsync(options.Database, options.Time, cancellationToken);
        var faults = options.Aggregator.AllowFaults ? (IFaultPoints)new EnvironmentFaultPoints() : new NoFaultPoints();
        var context = new AggregatorContext(database, options.Aggregator, keys, faults, options.Evaluator ?? new NoEvaluator(), options.Time);
        Register(builder.Services, options, context);
        var app = builder.Build();
        Map(app, options);
        app.Lifetime.ApplicationStopped.Register(() => database.DisposeAsync().AsTask().GetAwaiter().GetResult());
        return app;
    }

    private static void Limit(KestrelServerOptions kestrel, bool tls, X509Certificate2? certificate)
    {
        if (certificate is not null) kestrel.ConfigureHttpsDefaults(https => https.ServerCertificate = certificate);
        kestrel.AddServerHeader = false;
        // Without TLS there is nothing to negotiate HTTP/2 with.
        kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = tls ? HttpProtocols.Http1AndHttp2 : HttpProtocols.Http1);
        kestrel.Limits.MaxRequestBodySize = BodyReader.Message + 1;
        kestrel.Limits.MaxConcurrentConnections = 20_000;
        kestrel.Limits.MaxRequestHeadersTotalSize = 16 << 10;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
    }

    private static void Register(IServiceCollection services, AggregatorHostOptions options, AggregatorContext context)
    {
        services.AddSingleton(context).AddSingleton(context.Options).AddSingleton(context.Keys).AddSingleton(options.Time);
        services.AddSingleton(new OperatorAccess(options.Keys.OperatorToken, options.PublicDashboard));
        services.AddSingleton<PrometheusExporter>();
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, ProtocolJson.Default));
        services.AddOpenApi("v1");
        services.AddHealthChecks().AddCheck<DatabaseHealthCheck>("database");
        services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(20));
        if (options.ServeAggregator)
        {
            services.AddSingleton<RequestAuthenticator>();
            services.AddSingleton<RoundGateway>();
            services.AddSingleton<IRoundGateway>(provider => provider.GetRequiredService<RoundGateway>());
            services.AddSingleton<ITaskAdministration, TaskAdministration>();
            services.AddHostedService<RoundWorker>();
            services.AddHostedService<StateGauges>();
            services.AddHostedService<RetentionWorker>();
        }

        if (options.ServeAuthority) services.AddSingleton(provider => CreateAuthority(options, context));
        if (options.RequestsPerSecond > 0) services.AddRateLimiter(limiter => Configure(limiter, options.RequestsPerSecond));
        if (options.OtlpEndpoint is { } collector)
        {
            services.AddSingleton(_ => Sdk.CreateMeterProviderBuilder()
                .AddMeter("PersonaTune.*", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime")
                .AddOtlpExporter(exporter => (exporter.Endpoint, exporter.Protocol) = (new Uri(collector, "/v1/metrics"), OtlpExportProtocol.HttpProtobuf)).Build());
        }
    }

    private static EnrolmentService CreateAuthority(AggregatorHostOptions options, AggregatorContext context)
    {
        var verifiers = new List<IAttestationVerifier>();
        if (options.Keys.EnrolmentToken is { } token) verifiers.Add(new TokenAttestation([SHA256.HashData(Encoding.UTF8.GetBytes(token))]));
        if (options.VendorKeys.Count > 0) verifiers.Add(new SignedAttestation(options.VendorKeys));
        return new EnrolmentService(
            options.Keys.Authority(), options.Authority, verifiers, new DatabaseEnrolmentRegister(context.Database), context.Options.Audience, options.Time);
    }

    // By certificate where there is one, so that devices behind one address do not starve one another; and by address, many times as much, because a certificate is not
    // verified yet and can be made up.
    private static void Configure(RateLimiterOptions limiter, int perSecond)
    {
        limiter.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
        limiter.GlobalLimiter = PartitionedRateLimiter.CreateChained(
            PartitionedRateLimiter.Create<HttpContext, string>(http => Bucket(Address(http), 100 * perSecond)),
            PartitionedRateLimiter.Create<HttpContext, string>(http => Bucket(
                http.Request.Headers.TryGetValue(RequestHeaders.Certificate, out var certificate) && certificate.ToString() is { Length: > 0 and < 8192 } text
                    ? Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text)))
                    : Address(http), perSecond)));

        static string Address(HttpContext http) => http.Connection.RemoteIpAddress?.ToString() ?? "?";

        static RateLimitPartition<string> Bucket(string key, int perSecond) => RateLimitPartition.GetTokenBucketLimiter(key, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = 10 * perSecond,
            TokensPerPeriod = perSecond,
            ReplenishmentPeriod = TimeSpan.FromSeconds(1),
            QueueLimit = 0,
            AutoReplenishment = true,
        });
    }

    private static void Map(WebApplication app, AggregatorHostOptions options)
    {
        app.UseMiddleware<ProblemWriter>();
        if (options.RequestsPerSecond > 0) app.UseRateLimiter();
        app.MapOpenApi();
        app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false });
        app.MapHealthChecks("/health/ready");
        app.MapGet("/metrics", (PrometheusExporter exporter) => Results.Text(exporter.Write(), PrometheusExporter.ContentType)).ExcludeFromDescription();
        if (options.OtlpEndpoint is not null) _ = app.Services.GetRequiredService<MeterProvider>();
        _ = app.Services.GetRequiredService<PrometheusExporter>();
        if (options.ServeAggregator)
        {
            app.MapDevices();
            app.MapOperators();
            app.MapDashboard();
        }

        if (options.ServeAuthority) app.MapEnrolment();
    }
}
