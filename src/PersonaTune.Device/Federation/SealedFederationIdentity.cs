using System.Security.Cryptography;
using PersonaTune.Device.Storage;
using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.SecureAggregation.Identity;

namespace PersonaTune.Device.Federation;

/// <summary>
/// The device's identity in federated rounds: a P-256 key of its own, sealed in the store, and its short-lived certificate, which is renewed in time. It is another key than
/// the one that signs consent, so that the aggregator cannot link the two. Thread-safe.
/// </summary>
public static class SealedFederationIdentity
{
    private const string Collection = "federation", Name = "identity", Subject = "federation identity";

    /// <summary>How long before its end a certificate is renewed: 12 hours.</summary>
    public static readonly TimeSpan RenewBefore = TimeSpan.FromHours(12);

    /// <summary>The identity with a certificate that is valid for a while: from the store, or enrolled now.</summary>
    /// <param name="store">The sealed store.</param>
    /// <param name="authority">A client whose address is the authority's.</param>
    /// <param name="audience">The service's name.</param>
    /// <param name="attestation">The evidence for an enrolment.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="AggregatorException">The authority refuses or does not answer, and there is no valid certificate.</exception>
    public static async Task<IdentityKey> OpenAsync(SealedStore store, AggregatorClient authority, string audience, IAttestationProvider attestation, TimeProvider time,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(time);
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        try
        {
            (byte[] Certificate, DateTimeOffset NotAfter)? known = null;
            if (await store.Blobs.GetAsync(SealedStore.DeviceUser, Collection, Name, cancellationToken).ConfigureAwait(false) is { } blob)
            {
                var (pkcs8, certificate, notAfter) = Read(blob.Content.Span);
                key.ImportPkcs8PrivateKey(pkcs8, out _);
                CryptographicOperations.ZeroMemory(pkcs8);
                if (notAfter - time.GetUtcNow() > RenewBefore) return new IdentityKey(key, certificate);
                known = (certificate, notAfter);
            }

            try
            {
                return await EnrolAsync(store, authority, audience, key, attestation, cancellationToken).ConfigureAwait(false);
            }
            catch (AggregatorException) when (known is { } still && still.NotAfter - time.GetUtcNow() > TimeSpan.FromMinutes(5))
            {
                // The old certificate still serves; the renewal is tried again at the next opening.
                return new IdentityKey(key, known.Value.Certificate);
            }
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    private static async Task<IdentityKey> EnrolAsync(
        SealedStore store, AggregatorClient authority, string audience, ECDsa key, IAttestationProvider attestation, CancellationToken cancellationToken)
    {
        var (identity, end) = await DeviceEnrolment.EnrolAsync(authority, audience, key, attestation, cancellationToken).ConfigureAwait(false);
        using var writer = new SealWriter();
        writer.WriteByte(1);
        var pkcs8 = key.ExportPkcs8PrivateKey();
        writer.WriteField(pkcs8);
        CryptographicOperations.ZeroMemory(pkcs8);
        writer.WriteField(identity.Certificate.Span);
        writer.WriteInt64(end.UtcTicks);
        await store.Blobs.PutAsync(SealedStore.DeviceUser, Collection, Name, writer.ToArray(), cancellationToken).ConfigureAwait(false);
        return identity;
    }

    private static (byte[] Key, byte[] Certificate, DateTimeOffset NotAfter) Read(ReadOnlySpan<byte> content)
    {
        var reader = new SealReader(content, Subject);
        if (reader.ReadByte() != 1) throw new TamperedException(Subject, "its version is unknown; update PersonaTune");
        var identity = (reader.ReadField().ToArray(), reader.ReadField().ToArray(), new DateTimeOffset(reader.ReadInt64(), TimeSpan.Zero));
        reader.End();
        return identity;
    }
}
