using System.Runtime.InteropServices;
using System.Security.Cryptography;
using PersonaTune.Privacy.SecureAggregation.Messages;
using PersonaTune.Privacy.SecureAggregation.Rounds;

namespace PersonaTune.Privacy.SecureAggregation.SingleServer;

public sealed partial class DeviceRound
{
    // The budget is spent and the secrets are marked as used before a single masked word leaves.
    private SignedMessage[] Report(BoxesBody body)
    {
        Accept(body);
        var words = ReportEncoding.Encode(_report, _policy, Configuration);
        Take(OneTimeStep.Report, _cohort!.View);
        if (!_policy.Budget.TrySpend(Configuration, Session!.Value))
            throw Refuse(RefusalReason.BudgetExhausted, "the budget no longer covers the round; wait until budget is granted");
        Mask(words);
        EraseReportKeys();
        var packed = new byte[Configuration.PackedLength];
        BitPacking.Pack(words, Configuration.Bits, packed);
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(words.AsSpan()));
        Stage = DeviceStage.Reported;
        return [.. InputBody.Cut(packed, Configuration).Select(chunk => MessageCodec.Sign(chunk, Session!.Value, _identity))];
    }

    private void Accept(BoxesBody body)
    {
        var senders = new MemberSet(_cohort!.Members.Count);
        _held = new SharePair?[_neighbours.Length];
        var last = -1;
        foreach (var (sender, box) in body.Boxes)
        {
            var place = Array.BinarySearch(_neighbours, sender);
            if (place < 0)
                throw Refuse(RefusalReason.NotNeighbour, $"a box comes from member {sender}, which is no neighbour; leave the round");
            if (place <= last) throw Refuse(RefusalReason.Malformed, "the boxes are not in ascending order; leave the round");
            last = place;
            senders[sender] = true;
            _held[place] = OpenBox(sender, box);
        }

        if (senders.Count < _cohort.Threshold)
        {
            throw Refuse(
                RefusalReason.TooFewSurvivors,
                $"expected boxes of at least {_cohort.Threshold} neighbours, got {senders.Count}; wait for the next round");
        }

        _senders = senders;
    }

    private void Mask(uint[] words)
    {
        var (sid, own) = (Session!.Value.ToArray(), _cohort!.Members[_self].IdBytes);
        var peers = _senders!.Members().ToArray();
        var keys = GC.AllocateUninitializedArray<byte>((peers.Length + 1) * MaskStream.KeyLength, pinned: true);
        var signs = new sbyte[peers.Length + 1];
        try
        {
            _seed!.Bytes.CopyTo(keys);
            signs[0] = 1;
            for (var i = 0; i < peers.Length; i++)
            {
                var peer = _cohort.Members[peers[i]];
                using var key = PairwiseKeys.MaskKey(_maskKey!, peer.Body.MaskKey, sid, own, peer.IdBytes);
                key.Bytes.CopyTo(keys.AsSpan((i + 1) * MaskStream.KeyLength));
                signs[i + 1] = PairwiseKeys.Sign(own, peer.IdBytes);
            }

            MaskStream.AddMany(keys, signs, words);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(keys);
        }
    }
}
