using PersonaTune.Privacy.SecureAggregation.Messages;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Protocol;

/// <summary>For each device the message that it no longer answers; null if it stays to the end.</summary>
internal sealed class DropPlan(MessageType?[] lostAt)
{
    private static readonly MessageType[] Stages =
        [MessageType.Roster, MessageType.Openings, MessageType.Boxes, MessageType.Survivors, MessageType.UnmaskRequest];

    public int Count => lostAt.Length;

    public static DropPlan None(int count) => new(new MessageType?[count]);

    /// <summary>Loses up to <paramref name="rate"/> of all devices, spread at random over the stages.</summary>
    public static DropPlan Draw(int count, double rate, Random random)
    {
        var lost = new MessageType?[count];
        foreach (var device in Enumerable.Range(0, count).OrderBy(_ => random.Next()).Take(random.Next((int)(rate * count) + 1)))
            lost[device] = Stages[random.Next(Stages.Length)];
        return new DropPlan(lost);
    }

    /// <summary>Loses exactly <paramref name="number"/> devices at one stage.</summary>
    public static DropPlan At(MessageType stage, int count, int number)
    {
        var lost = new MessageType?[count];
        for (var i = 0; i < number; i++) lost[i * count / number] = stage;
        return new DropPlan(lost);
    }

    public bool Answers(int device, MessageType message) => lostAt[device] is not { } lost || message < lost;

    public int Answering(MessageType message) => Enumerable.Range(0, lostAt.Length).Count(device => Answers(device, message));
}
