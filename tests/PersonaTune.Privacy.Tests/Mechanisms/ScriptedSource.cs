using System.Runtime.InteropServices;
using PersonaTune.Privacy.Mechanisms;

namespace PersonaTune.Privacy.Tests.Mechanisms;

/// <summary>Hands out the given words in order, then the last one for ever.</summary>
internal sealed class ScriptedSource(params ulong[] script) : INoiseSource
{
    private int _next;

    public void Fill(Span<byte> destination)
    {
        Assert.Equal(0, destination.Length % sizeof(ulong));
        foreach (ref var word in MemoryMarshal.Cast<byte, ulong>(destination)) word = script[Math.Min(_next++, script.Length - 1)];
    }
}
