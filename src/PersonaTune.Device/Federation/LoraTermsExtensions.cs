using PersonaTune.Engine.Lora;
using PersonaTune.Privacy.SecureAggregation;
using PersonaTune.Protocol.Tasks;

namespace PersonaTune.Device.Federation;

/// <summary>A task's terms for its adapter in the engine's terms.</summary>
public static class LoraTermsExtensions
{
    /// <summary>The shape of the task's global adapter, for a <see cref="GlobalAdapterLayout"/>: A is frozen and drawn from the task's seed.</summary>
    /// <exception cref="RefusalException">The task adapts a layer that this version does not know.</exception>
    public static LoraConfig ToLoraConfig(this LoraTerms terms)
    {
        ArgumentNullException.ThrowIfNull(terms);
        return new LoraConfig
        {
            Rank = terms.Rank,
            Alpha = (float)terms.Alpha,
            RankStabilized = terms.RankStabilized,
            FreezeA = true,
            Seed = terms.Seed,
            Targets = [.. terms.Targets.Select(Target)],
        };
    }

    private static LoraTarget Target(string name) => name switch
    {
        "q" => LoraTarget.Query,
        "k" => LoraTarget.Key,
        "v" => LoraTarget.Value,
        "o" => LoraTarget.Output,
        "gate" => LoraTarget.Gate,
        "up" => LoraTarget.Up,
        "down" => LoraTarget.Down,
        "head" => LoraTarget.Head,
        _ => throw new RefusalException(RefusalReason.ConfigurationInvalid, "task", $"it adapts '{name}', expected q, k, v, o, gate, up, down or head; update PersonaTune"),
    };
}
