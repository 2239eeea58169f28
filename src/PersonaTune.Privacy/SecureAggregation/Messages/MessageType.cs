namespace PersonaTune.Privacy.SecureAggregation.Messages;

/// <summary>The kinds of messages, as the byte in the header.</summary>
public enum MessageType
{
    /// <summary>Server to device: the configuration and the server's nonce.</summary>
    Offer = 1,

    /// <summary>Device to server, R0: ephemeral keys, nonce commitment, certificate.</summary>
    Advertise = 2,

    /// <summary>Server to device, R0': every device's advertisement.</summary>
    Roster = 3,

    /// <summary>Device to server, R0': the nonce, for one roster.</summary>
    Open = 4,

    /// <summary>Server to device: the nonces of the devices that remain, which fix the graph.</summary>
    Openings = 5,

    /// <summary>Device to server, R1: a box of shares for each neighbour and the commitment to the seed.</summary>
    Share = 6,

    /// <summary>Server to device: the boxes of its neighbours.</summary>
    Boxes = 7,

    /// <summary>Device to server, R2: one chunk of the masked report.</summary>
    Input = 8,

    /// <summary>Server to device: who shared and who reported.</summary>
    Survivors = 9,

    /// <summary>Device to server, R3: the signed roots of both sets.</summary>
    Consistency = 10,

    /// <summary>Server to device: the consistency certificate and the shares that are asked for.</summary>
    UnmaskRequest = 11,

    /// <summary>Device to server, R4: the shares.</summary>
    Unmask = 12,

    /// <summary>Device to leader, two servers: the sealed seed, for the helper, and the digest of the masked report.</summary>
    SealedSeed = 13,

    /// <summary>Leader to helper: the reports to sum.</summary>
    Proposal = 14,

    /// <summary>Helper to leader: the reports that were accepted, and the sum of their masks.</summary>
    MaskSum = 15,
}
