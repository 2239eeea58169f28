namespace PersonaTune.Device.Keys;

/// <summary>One way to open a keyring.</summary>
/// <param name="Number">Its number in the keyring; never reused.</param>
/// <param name="Kind">Its <see cref="IKeyProtector.Kind"/>.</param>
/// <param name="Label">The name that the application gave it.</param>
public sealed record ProtectorSlot(int Number, string Kind, string Label);
