namespace PersonaTune.Device.Keys;

/// <summary>The keyring file.</summary>
public sealed class Keyring : IDisposable
{
    /// <summary>The users that have a key.</summary>
    public IReadOnlyList<string> Users => throw new NotSupportedException();

    /// <summary>The ways in which the keyring can be opened.</summary>
    public IReadOnlyList<ProtectorSlot> Protectors => throw new NotSupportedException();

    /// <summary>The device's signing key.</summary>
    public DeviceIdentity Identity => throw new NotSupportedException();

    /// <summary>Adds a way to open the keyring; returns its slot's number.</summary>
    public int AddProtector(IKeyProtector protector, string label) => throw new NotSupportedException();

    /// <summary>Removes a way to open the keyring; the last one cannot be removed.</summary>
    public void RemoveProtector(int slot) => throw new NotSupportedException();

    /// <summary>Replaces the protector of a slot: a change of passphrase.</summary>
    public void ReplaceProtector(int slot, IKeyProtector protector) => throw new NotSupportedException();

    /// <inheritdoc/>
    public void Dispose() => throw new NotSupportedException();
}
