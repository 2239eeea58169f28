using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.Messages;

/// <summary>A device opens its nonce, once it knows the roster by its root and nobody can enter any more.</summary>
internal sealed record OpenBody(byte[] RosterRoot, byte[] Nonce) : IMessageBody<OpenBody>
{
    public const int NonceLength = 32;

    public static MessageType Type => MessageType.Open;

    public static long MaximumLength(RoundConfiguration configuration) => MerkleTree.HashLength + NonceLength;

    public static OpenBody Read(ref SealReader reader) =>
        new(reader.ReadFixed(MerkleTree.HashLength).ToArray(), reader.ReadFixed(NonceLength).ToArray());

    public void Write(SealWriter writer)
    {
        writer.WriteFixed(RosterRoot);
        writer.WriteFixed(Nonce);
    }
}
