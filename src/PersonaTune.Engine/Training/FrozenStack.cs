using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using PersonaTune.Engine.Lora;
using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Training;

/// <summary>The adapters beneath one in training: they act as a part of the model and stay as they are.</summary>
internal static class FrozenStack
{
    /// <summary>The sum of the stack; null where it has no pair.</summary>
    /// <exception cref="AdapterMismatchException">An adapter does not fit the model, or has DoRA magnitudes.</exception>
    public static LoraAdapter? Merge(DecoderModel model, IReadOnlyList<(LoraAdapter Adapter, float Factor)>? beneath)
    {
        if (beneath is null || beneath.Count == 0) return null;
        foreach (var (adapter, _) in beneath)
        {
            LoraCompatibility.Demand(adapter, model, "beneath");
            if (adapter.HasMagnitudes)
                throw new AdapterMismatchException("beneath", "has DoRA magnitudes, through which this version passes no gradient; merge it into the model first");
        }

        var merged = LoraStack.Merge(model, beneath);
        return merged.Pairs().Any() ? merged : null;
    }

    /// <summary>SHA-256 over a training's options and everything beneath it, so that a checkpoint goes on above the same adapters only.</summary>
    public static byte[] Digest(byte[] options, LoraAdapter? merged)
    {
        if (merged is null) return options;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(options);
        Span<byte> head = stackalloc byte[16];
        foreach (var (block, target, pair) in merged.Pairs())
        {
            BinaryPrimitives.WriteInt32LittleEndian(head, block);
            BinaryPrimitives.WriteInt32LittleEndian(head[4..], (int)target);
            BinaryPrimitives.WriteInt32LittleEndian(head[8..], pair.Rank);
            BinaryPrimitives.WriteSingleLittleEndian(head[12..], pair.Scale);
            hash.AppendData(head);
            hash.AppendData(MemoryMarshal.AsBytes(pair.A.AsSpan()));
            hash.AppendData(MemoryMarshal.AsBytes(pair.B.AsSpan()));
        }

        return hash.GetHashAndReset();
    }
}
