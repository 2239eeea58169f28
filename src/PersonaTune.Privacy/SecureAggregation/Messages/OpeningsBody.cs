using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.Messages;

/// <summary>Which devices of the roster opened their nonces, and those nonces in the roster's order.</summary>
internal sealed record OpeningsBody(MemberSet Opened, IReadOnlyList<byte[]> Nonces) : IMessageBody<OpeningsBody>
{
    public static MessageType Type => MessageType.Openings;

    public static long MaximumLength(RoundConfiguration configuration) =>
        MemberSet.EncodedLength(configuration.MaximumDevices) + (long)OpenBody.NonceLength * configuration.MaximumDevices;

    public static OpeningsBody Read(ref SealReader reader)
    {
        var opened = MemberSet.Read(ref reader);
        var nonces = new List<byte[]>();
        for (var left = opened.Count; left > 0; left--) nonces.Add(reader.ReadFixed(OpenBody.NonceLength).ToArray());
        return new OpeningsBody(opened, nonces);
    }

    public void Write(SealWriter writer)
    {
        Opened.Write(writer);
        foreach (var nonce in Nonces) writer.WriteFixed(nonce);
    }
}
