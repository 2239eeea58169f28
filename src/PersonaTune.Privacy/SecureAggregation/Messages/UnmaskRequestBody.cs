using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.SecureAggregation.Identity;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.Messages;

/// <summary>
/// The consistency certificate (signatures of numbered members over one <see cref="ConsistencyBody"/>, ascending) and the shares that
/// one device is asked for.
/// </summary>
internal sealed record UnmaskRequestBody(
    ConsistencyBody Agreed, IReadOnlyList<(int Member, byte[] Signature)> Certificate, IReadOnlyList<ShareRequest> Requests)
    : IMessageBody<UnmaskRequestBody>
{
    private const int SignerLength = 4 + VerificationKey.SignatureLength;

    public static MessageType Type => MessageType.UnmaskRequest;

    public static long MaximumLength(RoundConfiguration configuration) =>
        ConsistencyBody.Length + 8 + (long)SignerLength * configuration.MaximumDevices + 2L * ShareRequest.Length * configuration.Degree;

    public static UnmaskRequestBody Read(ref SealReader reader)
    {
        var agreed = ConsistencyBody.Read(ref reader);
        var certificate = new (int, byte[])[reader.ReadCount(SignerLength)];
        for (var i = 0; i < certificate.Length; i++)
            certificate[i] = (reader.ReadInt32(), reader.ReadFixed(VerificationKey.SignatureLength).ToArray());
        var requests = new ShareRequest[reader.ReadCount(ShareRequest.Length)];
        for (var i = 0; i < requests.Length; i++) requests[i] = ShareRequest.Read(ref reader);
        return new UnmaskRequestBody(agreed, certificate, requests);
    }

    public void Write(SealWriter writer)
    {
        Agreed.Write(writer);
        writer.WriteInt32(Certificate.Count);
        foreach (var (member, signature) in Certificate)
        {
            writer.WriteInt32(member);
            writer.WriteFixed(signature);
        }

        writer.WriteInt32(Requests.Count);
        foreach (var request in Requests) request.Write(writer);
    }
}
