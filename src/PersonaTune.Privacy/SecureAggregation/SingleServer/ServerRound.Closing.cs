using PersonaTune.Privacy.SecureAggregation.Messages;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.SingleServer;

public sealed partial class ServerRound
{
    private OutgoingMessage[] CloseAdvertising()
    {
        Ensure(RefusalReason.RosterTooSmall, _members.Count, Configuration.MinimumDevices, "devices");
        _roster = new Roster([.. _members.Values.Select(member => member.Entry)]);
        return ToAll(new RosterBody([.. _roster.Entries.Select(entry => entry.Advertisement)]), _members.Values);
    }

    private OutgoingMessage[] CloseOpening()
    {
        var opened = MemberSet.Of(
            _members.Count, _members.Values.Index().Where(pair => pair.Item.Opening is not null).Select(pair => pair.Index));
        var openings = new OpeningsBody(
            opened, [.. _members.Values.Where(member => member.Nonce is not null).Select(member => member.Nonce!)]);
        _cohort = Cohort.Build(_roster!, openings, Session, Configuration);
        _byNumber = [.. _cohort.Ids.Select(id => _members[id])];
        return ToAll(openings, _byNumber);
    }

    private OutgoingMessage[] CloseSharing()
    {
        var shared = Numbers(member => member.Sharing is not null).ToArray();
        Ensure(RefusalReason.TooFewSurvivors, shared.Length, Configuration.MinimumDevices, "devices that shared");
        (_sum, _buffer) = (new uint[Configuration.Dimension], new uint[Configuration.Dimension]);
        return [.. shared.Select(BoxesFor)];
    }

    private OutgoingMessage BoxesFor(int receiver)
    {
        var boxes = new List<(int, byte[])>();
        foreach (var sender in _cohort!.Neighbours(receiver))
        {
            if (_byNumber[sender].Shares is { } shares) boxes.Add((sender, shares.Boxes[_cohort.Position(sender, receiver) - 1]));
        }

        return To(_byNumber[receiver], new BoxesBody(boxes));
    }

    private OutgoingMessage[] CloseCollecting()
    {
        Ensure(RefusalReason.TooFewSurvivors, Reports, Configuration.MinimumDevices, "reports");
        _buffer = [];
        foreach (var member in _byNumber) member.Input?.Release();
        _survivors = new SurvivorsBody(
            MemberSet.Of(_byNumber.Length, Numbers(member => member.Sharing is not null)),
            MemberSet.Of(_byNumber.Length, Numbers(member => member.Reported)));
        _agreed = ConsistencyBody.Of(_cohort!.View, _survivors, _cohort.Ids);
        return ToAll(_survivors, _byNumber.Where(member => member.Reported));
    }

    // As many signatures as the quorum asks for: every device verifies each of them.
    private OutgoingMessage[] CloseConfirming()
    {
        var confirmed = Numbers(member => member.Confirmation is not null).ToArray();
        Ensure(RefusalReason.SubQuorum, confirmed.Length, _cohort!.Quorum, "signatures over the survivors");
        var signers = confirmed.Take(_cohort.Quorum);
        var certificate = signers.Select(number => (number, _byNumber[number].Confirmation!.Signature.ToArray())).ToArray();
        return [.. confirmed.Select(number => To(_byNumber[number], new UnmaskRequestBody(_agreed!, certificate, RequestsTo(number))))];
    }

    private ShareRequest[] RequestsTo(int holder) =>
        [.. _cohort!.Neighbours(holder).Where(owner => _survivors!.Shared[owner]).Select(owner => new ShareRequest(owner, KindFor(owner)))];

    private OutgoingMessage[] CloseUnmasking()
    {
        var dropped = MemberSet.Of(_byNumber.Length, _survivors!.Shared.Members().Where(member => !_survivors.Reported[member]));
        var removal = new MaskRemoval(Session, _cohort!, _survivors.Reported, dropped, _options.Threads);
        foreach (var (holder, member) in _byNumber.Index())
        {
            foreach (var (request, share) in member.Revealed?.Shares ?? []) removal.Add(request, holder, share);
        }

        var culprits = removal.Apply(_sum, owner => _byNumber[owner].Shares!.SeedCommitment);
        RingSum.Reduce(_sum, Configuration.Bits);
        Result = new SecureSumResult(_sum, [.. _survivors.Reported.Members().Select(member => _cohort!.Ids[member])], culprits);
        return [];
    }

    private IEnumerable<int> Numbers(Func<ServerMember, bool> condition) =>
        Enumerable.Range(0, _byNumber.Length).Where(number => condition(_byNumber[number]));

    private static void Ensure(RefusalReason reason, int found, int least, string what)
    {
        if (found < least) throw Refuse(reason, $"expected at least {least} {what}, got {found}; abandon the round and recruit again");
    }
}
