using PersonaTune.Privacy.SecureAggregation.Identity;

namespace PersonaTune.Cli.Simulation;

/// <summary>An identity for clients that only list tasks.</summary>
internal static class IdentityKeys
{
    public static IdentityKey Unused { get; } = IdentityKey.Generate();
}
