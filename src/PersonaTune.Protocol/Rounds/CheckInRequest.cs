namespace PersonaTune.Protocol.Rounds;

/// <summary>A device asks for a seat in the task's present round.</summary>
/// <param name="BaseModelDigest">SHA-256 of the model it has, lower-case hexadecimal.</param>
/// <param name="SchemaHash">SHA-256 of the layout that it would train, lower-case hexadecimal.</param>
/// <param name="Rank">The rank that it would train; 0 where the adapter is no LoRA.</param>
/// <param name="TaskDigest">SHA-256 of the signed task envelope that it checked, lower-case hexadecimal.</param>
/// <param name="ConsentReceipt">The id of the user's consent receipt, 32 hexadecimal digits. Only the id: the receipt stays on the device.</param>
/// <param name="ClientVersion">The client's version, for support.</param>
public sealed record CheckInRequest(
    string BaseModelDigest, string SchemaHash, int Rank, string TaskDigest, string ConsentReceipt, string ClientVersion);
