using PersonaTune.Privacy.SecureAggregation.Messages;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.SingleServer;

public sealed partial class ServerRound
{
    /// <inheritdoc/>
    public Receipt Receive(ReadOnlyMemory<byte> message, DateTimeOffset now)
    {
        var parsed = SignedMessage.Parse(message.ToArray());
        if (parsed.Session != Session)
            throw Refuse(RefusalReason.ForeignSession, $"{parsed.Type} belongs to session {parsed.Session}; send it there");
        if (Stage is RoundStage.Finished or RoundStage.Abandoned)
            throw Refuse(RefusalReason.RoundOver, $"the round is {Stage}; wait for the next");
        CheckStage(parsed, now);
        return parsed.Type switch
        {
            MessageType.Advertise => ReceiveAdvertisement(parsed, now),
            MessageType.Open => ReceiveOpening(parsed, now, Member(parsed)),
            MessageType.Share => ReceiveShares(parsed, now, Member(parsed)),
            MessageType.Input => ReceiveInput(parsed, now, Member(parsed)),
            MessageType.Consistency => ReceiveConfirmation(parsed, now, Member(parsed)),
            _ => ReceiveUnmasking(parsed, now, Member(parsed)),
        };
    }

    private void CheckStage(SignedMessage message, DateTimeOffset now)
    {
        var belongs = message.Type switch
        {
            MessageType.Advertise => RoundStage.Advertising,
            MessageType.Open => RoundStage.Opening,
            MessageType.Share => RoundStage.Sharing,
            MessageType.Input => RoundStage.Collecting,
            MessageType.Consistency => RoundStage.Confirming,
            MessageType.Unmask => RoundStage.Unmasking,
            _ => throw Refuse(RefusalReason.UnexpectedMessage, $"devices do not send {message.Type}; send the answer to the last message"),
        };
        if (belongs > Stage)
        {
            throw Refuse(
                RefusalReason.UnexpectedMessage, $"{message.Type} comes before its stage, {Stage} is open; wait for the server's message");
        }
        if (belongs < Stage)
            throw Refuse(RefusalReason.StageClosed, $"{message.Type} comes too late, {Stage} is open; wait for the next round");
        if (now >= Deadline) throw Refuse(RefusalReason.DeadlinePassed, $"{Stage} closed at {Deadline:u}; wait for the next round");
    }

    private ServerMember Member(SignedMessage message)
    {
        if (!_members.TryGetValue(message.Sender, out var member) || (_cohort is not null && _cohort.IndexOf(message.Sender) < 0))
            throw Refuse(RefusalReason.UnknownSender, $"{message.Sender} is not part of the round; wait for the next");
        message.EnsureSignedBy(member.Entry.Verifier);
        return member;
    }

    private Receipt ReceiveAdvertisement(SignedMessage message, DateTimeOffset now)
    {
        if (_members.TryGetValue(message.Sender, out var known)) return Repeated(message, known.Entry.Advertisement);
        if (_members.Count >= RosterGoal)
            throw Refuse(RefusalReason.RosterFull, $"the roster holds {_members.Count} devices; wait for the next round");
        var entry = RosterEntry.Verify(message, Session, Configuration, _certificates, now);
        string[] keys = [Roster.KeyOf(entry.Body.MaskKey), Roster.KeyOf(entry.Body.BoxKey)];
        if (keys[0] == keys[1] || keys.Any(_keys.Contains))
            throw Refuse(RefusalReason.DuplicateKey, "an ephemeral key was advertised before; generate fresh keys", message.Sender);
        Record(now, message.Bytes);
        _keys.UnionWith(keys);
        _members.Add(entry.Id, new ServerMember(entry));
        return Receipt.Accepted;
    }

    private Receipt ReceiveOpening(SignedMessage message, DateTimeOffset now, ServerMember member)
    {
        if (member.Opening is { } known) return Repeated(message, known);
        var body = MessageCodec.Decode<OpenBody>(message, Configuration);
        if (!body.RosterRoot.AsSpan().SequenceEqual(_roster!.Root))
        {
            throw Refuse(
                RefusalReason.ViewMismatch, $"{message.Sender} opens its nonce for another roster; deliver the roster again",
                message.Sender);
        }

        if (!Commitment.ToNonce(Session, message.Sender, body.Nonce).AsSpan().SequenceEqual(member.Entry.Body.NonceCommitment))
            throw Refuse(
                RefusalReason.NonceMismatch, $"the nonce of {message.Sender} does not fit its commitment; drop the device", message.Sender);
        Record(now, message.Bytes);
        (member.Opening, member.Nonce) = (message, body.Nonce);
        return Receipt.Accepted;
    }

    private Receipt ReceiveShares(SignedMessage message, DateTimeOffset now, ServerMember member)
    {
        if (member.Sharing is { } known) return Repeated(message, known);
        var body = MessageCodec.Decode<ShareBody>(message, Configuration);
        if (!body.View.AsSpan().SequenceEqual(_cohort!.View))
            throw Refuse(RefusalReason.ViewMismatch, $"{message.Sender} sees another graph; deliver the openings again", message.Sender);
        if (body.Boxes.Count != _cohort.Graph.Degree)
        {
            throw Refuse(
                RefusalReason.Malformed, $"expected {_cohort.Graph.Degree} boxes, got {body.Boxes.Count}; send one to each neighbour",
                message.Sender);
        }

        Record(now, message.Bytes);
        (member.Sharing, member.Shares) = (message, body);
        return Receipt.Accepted;
    }

    private Receipt ReceiveInput(SignedMessage message, DateTimeOffset now, ServerMember member)
    {
        if (member.Sharing is null)
            throw Refuse(RefusalReason.UnknownSender, $"{message.Sender} shared no secrets; wait for the next round");
        var body = MessageCodec.Decode<InputBody>(message, Configuration);
        var input = member.Input ??= new InputAssembly(Configuration);
        if (input.Check(message, body) == Receipt.Duplicate) return Receipt.Duplicate;
        Record(now, message.Bytes);
        input.Add(message, body);
        if (input.IsComplete)
        {
            RingSum.AddPacked(_sum, input.Packed, Configuration.Bits, _buffer);
            member.Reported = true;
            input.Release();
        }

        return Receipt.Accepted;
    }

    private Receipt ReceiveConfirmation(SignedMessage message, DateTimeOffset now, ServerMember member)
    {
        if (!member.Reported) throw Refuse(RefusalReason.UnknownSender, $"{message.Sender} did not report; wait for the next round");
        if (member.Confirmation is { } known) return Repeated(message, known);
        if (!MessageCodec.Encode(MessageCodec.Decode<ConsistencyBody>(message, Configuration)).AsSpan().SequenceEqual(
            MessageCodec.Encode(_agreed!)))
            throw Refuse(RefusalReason.ViewMismatch, $"{message.Sender} signed other roots; deliver the survivors again", message.Sender);
        Record(now, message.Bytes);
        member.Confirmation = message;
        return Receipt.Accepted;
    }

    private Receipt ReceiveUnmasking(SignedMessage message, DateTimeOffset now, ServerMember member)
    {
        if (member.Confirmation is null)
            throw Refuse(RefusalReason.UnknownSender, $"{message.Sender} was asked for no shares; wait for the next round");
        if (member.Unmasking is { } known) return Repeated(message, known);
        var body = MessageCodec.Decode<UnmaskBody>(message, Configuration);
        var holder = _cohort!.IndexOf(message.Sender);
        var last = -1;
        foreach (var (request, share) in body.Shares)
        {
            if (request.Owner <= last || request.Owner >= _cohort.Members.Count)
            {
                throw Refuse(
                    RefusalReason.Malformed, "the shares are not those of members in ascending order; send the answer again",
                    message.Sender);
            }

            last = request.Owner;
            var position = _cohort.Position(request.Owner, holder);
            if (position == 0)
            {
                throw Refuse(
                    RefusalReason.NotNeighbour, $"{message.Sender} is no neighbour of member {request.Owner}; drop it", message.Sender);
            }
            if (!_survivors!.Shared[request.Owner] || request.Kind != KindFor(request.Owner))
            {
                throw Refuse(
                    RefusalReason.WrongShareRequested, $"the {request.Kind} share of member {request.Owner} was not asked for; drop it",
                    message.Sender);
            }

            if (share.X != position)
                throw Refuse(RefusalReason.BadShares, $"expected the share at position {position}, got {share.X}; drop it", message.Sender);
        }

        Record(now, message.Bytes);
        (member.Unmasking, member.Revealed) = (message, body);
        return Receipt.Accepted;
    }

    private ShareKind KindFor(int owner) => _survivors!.Reported[owner] ? ShareKind.Seed : ShareKind.MaskKey;

    private static Receipt Repeated(SignedMessage message, SignedMessage known)
    {
        if (message.Digest.Span.SequenceEqual(known.Digest.Span)) return Receipt.Duplicate;
        throw Refuse(RefusalReason.ConflictingMessage, $"{message.Sender} sent another {message.Type} before; drop it", message.Sender);
    }
}
