using PersonaTune.Privacy.Sealing;

namespace PersonaTune.Privacy.SecureAggregation.Messages;

/// <summary>The share of one member's secret that a device is asked for.</summary>
internal readonly record struct ShareRequest(int Owner, ShareKind Kind)
{
    public const int Length = 5;

    public static ShareRequest Read(ref SealReader reader)
    {
        var (owner, kind) = (reader.ReadInt32(), (ShareKind)reader.ReadByte());
        if (kind is not (ShareKind.Seed or ShareKind.MaskKey))
            throw new TamperedException("share request", $"kind {(int)kind} is unknown; it was altered");
        return new ShareRequest(owner, kind);
    }

    public void Write(SealWriter writer)
    {
        writer.WriteInt32(Owner);
        writer.WriteByte((byte)Kind);
    }
}
