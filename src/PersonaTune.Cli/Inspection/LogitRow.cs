using System.Text.Json;
using PersonaTune.Cli.Terminal;

namespace PersonaTune.Cli.Inspection;

/// <summary>One position: the token read, the most likely next one, and what the next token of the input costs.</summary>
internal sealed record LogitRow(int Position, int Id, int Best, float BestLogit, double? NextNll)
{
    public static LogitRow Of(int position, int id, ReadOnlySpan<float> logits, int? next)
    {
        var best = 0;
        for (var i = 1; i < logits.Length; i++)
            if (logits[i] > logits[best]) best = i;
        if (next is not { } target) return new LogitRow(position, id, best, logits[best], null);
        var sum = 0.0;
        foreach (var logit in logits) sum += Math.Exp(logit - logits[best]);
        return new LogitRow(position, id, best, logits[best], Math.Log(sum) + logits[best] - logits[target]);
    }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteNumber("position", Position);
        json.WriteNumber("id", Id);
        json.WriteNumber("best", Best);
        json.WriteNumber("bestLogit", BestLogit);
        if (NextNll is { } nll) json.WriteFinite("nextNll", nll);
        json.WriteEndObject();
    }
}
