using System.Security.Cryptography;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.SingleServer;

/// <summary>
/// Hash commitments to 32 random bytes, bound to session, device and purpose, so that none can be repeated as another's. They hide
/// because the committed value has 256 bits of entropy.
/// </summary>
internal static class Commitment
{
    public static byte[] ToNonce(SessionId session, DeviceId device, ReadOnlySpan<byte> nonce) =>
        Of("PT-SA/1 nonce"u8, session, device, nonce);

    public static byte[] ToSeed(SessionId session, DeviceId device, ReadOnlySpan<byte> seed) => Of("PT-SA/1 seed"u8, session, device, seed);

    private static byte[] Of(ReadOnlySpan<byte> label, SessionId session, DeviceId device, ReadOnlySpan<byte> value)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(label);
        hash.AppendData(session.ToArray());
        hash.AppendData(device.ToArray());
        hash.AppendData(value);
        return hash.GetHashAndReset();
    }
}
