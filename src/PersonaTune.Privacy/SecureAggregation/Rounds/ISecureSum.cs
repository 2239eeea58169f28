namespace PersonaTune.Privacy.SecureAggregation.Rounds;

/// <summary>
/// The collecting side of a round in either mode: verified messages go in, messages to send come out, and in the end the sum. No
/// network and no clock. Implementations are not thread-safe.
/// </summary>
public interface ISecureSum
{
    /// <summary>The session.</summary>
    SessionId Session { get; }

    /// <summary>What is computed.</summary>
    RoundConfiguration Configuration { get; }

    /// <summary>The signed offer, which goes to every device that might take part.</summary>
    ReadOnlyMemory<byte> Offer { get; }

    /// <summary>When the present stage closes.</summary>
    DateTimeOffset Deadline { get; }

    /// <summary>The sum, once there is one.</summary>
    SecureSumResult? Result { get; }

    /// <summary>Takes one message; if it is refused, nothing changes.</summary>
    /// <exception cref="RefusalException">The message is refused.</exception>
    Receipt Receive(ReadOnlyMemory<byte> message, DateTimeOffset now);

    /// <summary>Closes the stage if it is complete or its deadline has come, and gives the messages to send then; else nothing.</summary>
    /// <exception cref="RefusalException">The round cannot go on and is abandoned.</exception>
    IReadOnlyList<OutgoingMessage> Advance(DateTimeOffset now);
}
