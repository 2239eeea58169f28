namespace PersonaTune.Device.Keyboard;

/// <summary>Sums of a simulation; added over threads, so that their number does not matter.</summary>
internal sealed class TypingCounts
{
    public int Targets { get; set; }

    public int Top1 { get; set; }

    public int Top3 { get; set; }

    public long Characters { get; set; }

    public long Keys { get; set; }

    public void Add(TypingCounts other)
    {
        Targets += other.Targets;
        Top1 += other.Top1;
        Top3 += other.Top3;
        Characters += other.Characters;
        Keys += other.Keys;
    }
}
