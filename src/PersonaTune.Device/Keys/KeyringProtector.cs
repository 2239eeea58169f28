namespace PersonaTune.Device.Keys;

/// <summary>
/// A protector's slot: a P-256 key pair whose private half only the protector opens, and the master key sealed to the public
/// half. So a new master key can be given to every protector while only one of them is present.
/// </summary>
internal sealed record KeyringProtector(int Number, string Kind, string Label, bool Anchored, byte[] PublicKey, byte[] Protected, byte[] Master);
