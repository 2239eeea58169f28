using System.Security.Cryptography;
using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Device.Keys;

/// <summary>
/// Seals the master key to a protector's public key: ephemeral P-256 agreement, HKDF-SHA256, AES-256-GCM with the derived nonce
/// (each derived key is used once). Layout: ephemeral X || Y 64, ciphertext 32, tag 16.
/// </summary>
internal static class MasterWrap
{
    public const int PublicBytes = 64;
    public const int PrivateBytes = 32;
    private const int TagBytes = 16;

    public static (byte[] Public, SecretKey Private) CreatePair()
    {
        using var pair = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        var parameters = pair.ExportParameters(includePrivateParameters: true);
        var secret = SecretKey.Copy(parameters.D);
        CryptographicOperations.ZeroMemory(parameters.D);
        return (Join(parameters.Q), secret);
    }

    public static byte[] Seal(ReadOnlySpan<byte> master, byte[] recipient, byte[] context)
    {
        using var ephemeral = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDiffieHellman.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = Split(recipient) });
        var output = new byte[PublicBytes + master.Length + TagBytes];
        var point = Join(ephemeral.ExportParameters(includePrivateParameters: false).Q);
        point.CopyTo(output, 0);
        using var material = Agree(ephemeral, other, point, recipient, context);
        using var gcm = new AesGcm(material.Bytes[..32], TagBytes);
        gcm.Encrypt(material.Bytes[32..], master, output.AsSpan(PublicBytes, master.Length), output.AsSpan(PublicBytes + master.Length), context);
        return output;
    }

    public static SecretKey Open(ReadOnlySpan<byte> wrapped, ReadOnlySpan<byte> privateKey, byte[] recipient, byte[] context, string subject)
    {
        if (wrapped.Length != PublicBytes + 32 + TagBytes || privateKey.Length != PrivateBytes || recipient.Length != PublicBytes)
            throw new TamperedException(subject, "a protector's slot has a wrong length; it was altered");
        var point = wrapped[..PublicBytes].ToArray();
        var scalar = privateKey.ToArray();
        var master = new byte[32];
        try
        {
            using var own = ECDiffieHellman.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = Split(recipient), D = scalar });
            using var other = ECDiffieHellman.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = Split(point) });
            using var material = Agree(own, other, point, recipient, context);
            using var gcm = new AesGcm(material.Bytes[..32], TagBytes);
            gcm.Decrypt(material.Bytes[32..], wrapped[PublicBytes..^TagBytes], wrapped[^TagBytes..], master, context);
            return SecretKey.Copy(master);
        }
        catch (CryptographicException e) // a point off the curve, a scalar that is not its key's, or a wrong tag
        {
            throw new TamperedException(subject, "a protector's slot does not hold the master key; it was altered: restore it from a copy", e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(scalar);
            CryptographicOperations.ZeroMemory(master);
        }
    }

    private static SecretKey Agree(ECDiffieHellman own, ECDiffieHellman other, byte[] ephemeral, byte[] recipient, byte[] context)
    {
        using var publicKey = other.PublicKey;
        var shared = own.DeriveKeyFromHash(publicKey, HashAlgorithmName.SHA256);
        using var info = new SealWriter();
        info.WriteText("PersonaTune/master/1");
        info.WriteField(ephemeral);
        info.WriteField(recipient);
        info.WriteField(context);
        var material = SecretKey.Create(44, (shared, info: info.ToArray()),
            static (output, state) => KeyDerivation.Derive(state.shared, default, state.info, output));
        CryptographicOperations.ZeroMemory(shared);
        return material;
    }

    private static byte[] Join(ECPoint point) => [.. point.X!, .. point.Y!];

    private static ECPoint Split(byte[] joined) => new() { X = joined[..32], Y = joined[32..] };
}
