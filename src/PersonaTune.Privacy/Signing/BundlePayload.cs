using System.Buffers;
using System.Runtime.InteropServices;

namespace PersonaTune.Privacy.Signing;

/// <summary>
/// Lays tensors out back to back and hashes them: the payload that a manifest describes. Holds it in memory.
/// Not thread-safe.
/// </summary>
public sealed class BundlePayload
{
    private readonly ArrayBufferWriter<byte> _bytes = new();
    private readonly List<BundleTensor> _tensors = [];

    /// <summary>The tensors so far, for <see cref="BundleManifest.Tensors"/>.</summary>
    public IReadOnlyList<BundleTensor> Tensors => _tensors;

    /// <summary>Appends a tensor.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="dtype">Its element type as safetensors names it.</param>
    /// <param name="shape">Its dimensions.</param>
    /// <param name="bytes">Its elements, little-endian; signing checks that there are as many as the shape says.</param>
    public void Add(string name, string dtype, IReadOnlyList<long> shape, ReadOnlySpan<byte> bytes)
    {
        _tensors.Add(new BundleTensor(name, dtype, shape, _bytes.WrittenCount, bytes.Length, Sha256Digest.Of(bytes)));
        _bytes.Write(bytes);
    }

    /// <summary>The payload's bytes; do not add tensors while reading them.</summary>
    public Stream OpenRead()
    {
        if (!MemoryMarshal.TryGetArray(_bytes.WrittenMemory, out var segment)) segment = _bytes.WrittenSpan.ToArray();
        return new MemoryStream(segment.Array!, segment.Offset, segment.Count, writable: false);
    }
}
