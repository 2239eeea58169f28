namespace PersonaTune.Privacy.SecureAggregation.SingleServer;

/// <summary>What a server is collecting.</summary>
public enum RoundStage
{
    /// <summary>Keys (R0).</summary>
    Advertising,

    /// <summary>Nonces (R0').</summary>
    Opening,

    /// <summary>Boxes of shares (R1).</summary>
    Sharing,

    /// <summary>Masked reports (R2).</summary>
    Collecting,

    /// <summary>Signatures over the survivors (R3).</summary>
    Confirming,

    /// <summary>Shares that unmask the sum (R4).</summary>
    Unmasking,

    /// <summary>Nothing: there is a sum.</summary>
    Finished,

    /// <summary>Nothing: there will be no sum.</summary>
    Abandoned,
}
