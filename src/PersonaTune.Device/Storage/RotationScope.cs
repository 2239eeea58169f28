namespace PersonaTune.Device.Storage;

/// <summary>What a rotation replaces.</summary>
public enum RotationScope
{
    /// <summary>The master key: every user key is wrapped again; records stay as they are. One keyring write.</summary>
    MasterKey,

    /// <summary>
    /// The master key and every user's key: every record is sealed again under a fresh key, in batches that survive a crash;
    /// an interrupted rotation is finished by the next one or by <see cref="SealedStore.ResumeRotationAsync"/>.
    /// </summary>
    Records,
}
