using System.Security.Cryptography;
using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Protocol.Releases;

namespace PersonaTune.Device.Federation;

public sealed partial class FederatedClient
{
    /// <summary>The newest release for this device, verified, if it is newer than <paramref name="installed"/>; else null.</summary>
    /// <exception cref="RefusalException">The release is not the operator's, not this task's, or altered.</exception>
    /// <exception cref="AggregatorException">The aggregator does not answer.</exception>
    public async Task<GlobalRelease?> FetchReleaseAsync(OfferedTask offered, int installed, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(offered);
        if (await _options.Service.GetLatestReleaseAsync(offered.Task.Name, cancellationToken).ConfigureAwait(false) is not { } view) return null;
        var manifest = VerifyRelease(offered.Task, view);
        if (manifest.Number <= installed) return null;
        return new GlobalRelease(manifest, view.State, await FetchVectorAsync(offered.Task, manifest, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>
    /// Tells the aggregator whether a canary release is worse than the former one on this device's held-out data. The answer is flipped with probability 1 / (1 + e) before it
    /// leaves the device: randomized response with epsilon 1.
    /// </summary>
    public Task SendVerdictAsync(GlobalRelease release, bool worse, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(release);
        Span<byte> bytes = stackalloc byte[8];
        RandomNumberGenerator.Fill(bytes);
        var flipped = (BitConverter.ToUInt64(bytes) >> 11) * (1.0 / (1UL << 53)) < 1 / (1 + Math.E);
        return _options.Service.SendVerdictAsync(release.Manifest.Task, release.Manifest.Number, new CanaryVerdict(worse ^ flipped), cancellationToken);
    }
}
