using PersonaTune.Privacy.SecureAggregation;

namespace PersonaTune.Privacy.Tests.SecureAggregation.Primitives;

/// <summary>Gives the listed answers, one a call; each must have the length asked for.</summary>
internal sealed class ScriptedRandom(params byte[][] answers) : ISecretRandom
{
    public int Calls { get; private set; }

    public void Fill(Span<byte> output)
    {
        Assert.Equal(answers[Calls].Length, output.Length);
        answers[Calls++].CopyTo(output);
    }
}
