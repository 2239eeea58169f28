using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Device.Keys;

/// <summary>
/// Guards the keyring's secret: a passphrase, a key file, or a platform's keystore. An implementation turns a small secret
/// into a blob that only it can open again. Implementations are thread-safe.
/// </summary>
public interface IKeyProtector : IDisposable
{
    /// <summary>A short stable name of the kind, stored in the keyring: <c>passphrase</c>, <c>key-file</c>, ...</summary>
    string Kind { get; }

    /// <summary>Protects <paramref name="secret"/>; the blob holds whatever is needed to open it except the protector's own secret.</summary>
    /// <param name="secret">At most 1024 bytes.</param>
    /// <param name="associatedData">Bound to the blob: <see cref="Unprotect"/> needs the same.</param>
    byte[] Protect(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> associatedData);

    /// <summary>Opens a blob.</summary>
    /// <exception cref="WrongKeyException">The passphrase or key is not the one that the blob was made with.</exception>
    /// <exception cref="TamperedException">The blob is malformed.</exception>
    SecretKey Unprotect(ReadOnlySpan<byte> blob, ReadOnlySpan<byte> associatedData);

    /// <summary>Where rollbacks can be noticed, or null if this protector has no place outside the store's folder.</summary>
    IRollbackAnchor? Anchor { get; }
}
