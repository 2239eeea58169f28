using PersonaTune.Device.Personalization;

namespace PersonaTune.Cli.Learning;

/// <summary>Whoever types a learning command at the user's own store agrees by doing so.</summary>
internal sealed class CommandConsent : IConsentGuard
{
    public Task RequireTrainingAsync(string user, string collection, string baseDigest, CancellationToken cancellationToken = default) => Task.CompletedTask;
}
