using PersonaTune.Privacy.SecureAggregation.Messages;

namespace PersonaTune.Privacy.SecureAggregation.SingleServer;

/// <summary>What a server has accepted from one device.</summary>
internal sealed class ServerMember(RosterEntry entry)
{
    public RosterEntry Entry { get; } = entry;

    public SignedMessage? Opening { get; set; }

    public byte[]? Nonce { get; set; }

    public SignedMessage? Sharing { get; set; }

    public ShareBody? Shares { get; set; }

    public InputAssembly? Input { get; set; }

    public bool Reported { get; set; }

    public SignedMessage? Confirmation { get; set; }

    public SignedMessage? Unmasking { get; set; }

    public UnmaskBody? Revealed { get; set; }
}
