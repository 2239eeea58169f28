using System.Collections.Concurrent;
using System.Text.Json;

namespace PersonaTune.Aggregator;

/// <summary>States as the database and the protocol spell them: kebab case.</summary>
internal static class StateNames
{
    private static readonly ConcurrentDictionary<Enum, string> Names = new();

    /// <summary>The name of a state.</summary>
    public static string Name<T>(this T state)
        where T : struct, Enum => Names.GetOrAdd(state, value => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString()));

    /// <summary>The state of a name.</summary>
    public static T Parse<T>(string name)
        where T : struct, Enum => Enum.Parse<T>(name.Replace("-", string.Empty, StringComparison.Ordinal), ignoreCase: true);
}
