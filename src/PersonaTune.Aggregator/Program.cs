// The aggregator's host. Rounds, tasks and persistence are not built yet (see CHANGELOG.md); what runs is the process
// itself with its liveness check, on a loopback port by default.
var builder = WebApplication.CreateSlimBuilder(args);
builder.Services.AddHealthChecks();
var app = builder.Build();
app.MapHealthChecks("/health/live");
await app.RunAsync();
