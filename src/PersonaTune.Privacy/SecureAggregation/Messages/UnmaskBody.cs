using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.Messages;

/// <summary>The shares that a device was asked for and holds, in the order of the request.</summary>
internal sealed record UnmaskBody(IReadOnlyList<(ShareRequest Request, KeyShare Share)> Shares) : IMessageBody<UnmaskBody>
{
    public static MessageType Type => MessageType.Unmask;

    public static long MaximumLength(RoundConfiguration configuration) =>
        4 + (long)(ShareRequest.Length + SharePair.ShareLength) * configuration.Degree;

    public static UnmaskBody Read(ref SealReader reader)
    {
        var shares = new (ShareRequest, KeyShare)[reader.ReadCount(ShareRequest.Length + SharePair.ShareLength)];
        for (var i = 0; i < shares.Length; i++)
        {
            var request = ShareRequest.Read(ref reader);
            shares[i] = (request, KeyShare.Parse(reader.ReadFixed(SharePair.ShareLength), SharePair.SecretLength));
        }

        return new UnmaskBody(shares);
    }

    public void Write(SealWriter writer)
    {
        writer.WriteInt32(Shares.Count);
        foreach (var (request, share) in Shares)
        {
            request.Write(writer);
            var bytes = share.ToBytes();
            writer.WriteFixed(bytes);
            System.Security.Cryptography.CryptographicOperations.ZeroMemory(bytes);
        }
    }
}
