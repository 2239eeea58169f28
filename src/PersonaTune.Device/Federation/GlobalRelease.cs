using PersonaTune.Protocol.Releases;

namespace PersonaTune.Device.Federation;

/// <summary>A verified release of a global adapter.</summary>
/// <param name="Manifest">What the operator signed.</param>
/// <param name="State">Whether this device is a canary.</param>
/// <param name="Vector">The coordinates.</param>
public sealed record GlobalRelease(ReleaseManifest Manifest, ReleaseState State, float[] Vector);
