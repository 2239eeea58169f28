using System.Text;

namespace PersonaTune.Device.Federation;

/// <summary>Evidence is an enrolment token that the application's backend gave its user. Thread-safe.</summary>
/// <param name="token">The token.</param>
public sealed class TokenAttestationProvider(string token) : IAttestationProvider
{
    private readonly byte[] _token = Encoding.UTF8.GetBytes(token);

    /// <inheritdoc/>
    public string Kind => "token";

    /// <inheritdoc/>
    public Task<ReadOnlyMemory<byte>> AttestAsync(ReadOnlyMemory<byte> nonce, ReadOnlyMemory<byte> publicKey, CancellationToken cancellationToken) =>
        Task.FromResult<ReadOnlyMemory<byte>>(_token);
}
