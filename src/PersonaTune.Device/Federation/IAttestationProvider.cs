namespace PersonaTune.Device.Federation;

/// <summary>Gives the evidence by which the enrolment authority tells a genuine device.</summary>
public interface IAttestationProvider
{
    /// <summary>The kind of evidence.</summary>
    string Kind { get; }

    /// <summary>Evidence for an identity key under a challenge.</summary>
    /// <param name="nonce">The authority's challenge.</param>
    /// <param name="publicKey">The identity key: 65 bytes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<ReadOnlyMemory<byte>> AttestAsync(ReadOnlyMemory<byte> nonce, ReadOnlyMemory<byte> publicKey, CancellationToken cancellationToken);
}
