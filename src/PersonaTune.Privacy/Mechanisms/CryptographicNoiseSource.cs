using System.Security.Cryptography;

namespace PersonaTune.Privacy.Mechanisms;

/// <summary>
/// The production source: AES-256 in counter mode under a key from the operating system's generator, with a new key after every 4 MiB, so that a
/// later look into the process's memory tells nothing about noise older than that. Faster than asking the operating system for every byte
/// (<c>PersonaTune.Bench noise</c> measures both). Not thread-safe: give each thread its own.
/// </summary>
/// <remarks>
/// Assumes that AES-256 is a pseudorandom permutation and that the process's memory is not copied while it runs: a virtual machine that is
/// restored twice from one snapshot draws the same noise twice until the next change of key.
/// </remarks>
public sealed class CryptographicNoiseSource : INoiseSource, IDisposable
{
    private const int BytesPerKey = 4 << 20;

    private AesCounterStream? _stream;
    private int _left;
    private bool _disposed;

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">The source was disposed.</exception>
    public void Fill(Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        while (!destination.IsEmpty)
        {
            if (_stream is null || _left == 0) Rekey();
            var count = Math.Min(_left, destination.Length);
            _stream!.Fill(destination[..count]);
            _left -= count;
            destination = destination[count..];
        }
    }

    /// <summary>Forgets the key and the buffered bytes.</summary>
    public void Dispose()
    {
        _stream?.Dispose();
        _stream = null;
        _disposed = true;
    }

    private void Rekey()
    {
        Span<byte> key = stackalloc byte[AesCounterStream.KeyBytes];
        RandomNumberGenerator.Fill(key);
        _stream?.Dispose();
        _stream = new AesCounterStream(key, 0);
        CryptographicOperations.ZeroMemory(key);
        _left = BytesPerKey;
    }
}
