using Microsoft.Extensions.DependencyInjection;
using PersonaTune.Device.DependencyInjection;
using PersonaTune.Device.Federation;
using PersonaTune.Device.Keys;
using PersonaTune.Device.Personalization;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;

namespace PersonaTune.Device.Tests;

/// <summary>The snippet of docs/rounds.md, to the letter (an architecture test compares them); what it sets up is tested with a real aggregator in ContainerClientTests.</summary>
internal static class RoundsPageSample
{
    public static async Task RunAsync(ServiceCollection services, byte[] pinnedAuthority, byte[] pinnedServerKey, byte[] pinnedOperatorKey, string token, string folder, IKeyProtector protector,
        Personalizer personalizer, DecoderModel model, Func<OfferedTask, IFederatedTrainer?> trainerOf, CancellationToken stopping)
    {
        services.AddPersonaTuneFederation(options =>
        {
            options.Address = new Uri("https://rounds.example.org");
            options.AuthorityCertificate = pinnedAuthority;        // DER; all three come with the application
            options.ServerKey = pinnedServerKey;                   // 65 bytes
            options.OperatorKeys = [pinnedOperatorKey];            // who may sign tasks and releases
            options.Attestation = _ => new TokenAttestationProvider(token);
            options.StoreFolder = folder;                          // or AddPersonaTune before: one store for both
            options.KeyProtector = _ => protector;
            options.Policy = new FederatedPolicy { MaximumEpsilon = 4, RequireMains = true };
            options.TotalEpsilon = 6;                              // of all tasks together
        });

        await using var provider = services.BuildServiceProvider();
        var source = provider.GetRequiredService<FederatedClientSource>();
        var worker = new FederatedWorker(source.GetAsync, trainerOf, Install, TimeProvider.System);
        await worker.RunAsync(progress: null, stopping);

        // A release that is newer and verified: from now on it lies beneath the personal adapters.
        Task Install(OfferedTask task, GlobalRelease release, CancellationToken cancellation) =>
            personalizer.UseGlobalAsync(new GlobalAdapterLayout(model, task.Task.Adapter.Lora!.ToLoraConfig()).Write(release.Vector), cancellationToken: cancellation);
    }
}
