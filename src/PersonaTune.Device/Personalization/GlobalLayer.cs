using System.Buffers.Binary;
using System.Security.Cryptography;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Lora;

namespace PersonaTune.Device.Personalization;

/// <summary>What lies beneath personal adapters: a released global adapter, or nothing. Immutable.</summary>
internal sealed class GlobalLayer
{
    private GlobalLayer(AdapterStack stack, string? digest) => (Stack, Digest) = (stack, digest);

    public static GlobalLayer None { get; } = new(AdapterStack.Empty, null);

    public AdapterStack Stack { get; }

    /// <summary>SHA-256 of its numbers and its scale, lower-case hex; null for nothing.</summary>
    public string? Digest { get; }

    /// <summary>In the trainer's terms.</summary>
    public IReadOnlyList<(LoraAdapter Adapter, float Factor)> Beneath => [.. Stack.Entries.Select(entry => (entry.Adapter, entry.Scale))];

    public static GlobalLayer Of(LoraAdapter adapter, float scale)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> factor = stackalloc byte[sizeof(float)];
        BinaryPrimitives.WriteSingleLittleEndian(factor, scale);
        hash.AppendData(factor);
        hash.AppendData(LoraSafetensors.Write(adapter));
        return new GlobalLayer(AdapterStack.Of(adapter, scale), Convert.ToHexStringLower(hash.GetHashAndReset()));
    }
}
