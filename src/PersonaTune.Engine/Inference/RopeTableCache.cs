using System.Numerics;
using System.Runtime.CompilerServices;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Models;

namespace PersonaTune.Engine.Inference;

/// <summary>
/// One rotary table a model, shared by its sessions and grown on demand: a table for the whole context of a long-context model would take
/// more memory than a small model itself. Thread-safe.
/// </summary>
internal static class RopeTableCache
{
    private const int FirstLength = 512;
    private static readonly ConditionalWeakTable<DecoderModel, StrongBox<RopeTable?>> Tables = [];

    /// <summary>A table that covers at least <paramref name="positions"/> positions.</summary>
    public static RopeTable For(DecoderModel model, int positions)
    {
        var box = Tables.GetValue(model, static _ => new StrongBox<RopeTable?>());
        var table = Volatile.Read(ref box.Value);
        if (table is not null && table.Positions >= positions) return table;
        var length = (int)Math.Max(FirstLength, BitOperations.RoundUpToPowerOf2((uint)positions));
        lock (box)
        {
            table = box.Value;
            if (table is null || table.Positions < positions) Volatile.Write(ref box.Value, table = new RopeTable(model.Config, length));
            return table;
        }
    }
}
