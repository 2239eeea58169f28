namespace PersonaTune.Privacy.Signing;

/// <summary>The newest version of an adapter that a device has accepted.</summary>
/// <param name="Version">The version.</param>
/// <param name="Manifest">The digest of its manifest, so that two bundles cannot share a version.</param>
public readonly record struct AcceptedVersion(long Version, Sha256Digest Manifest);
