using System.CommandLine;

namespace PersonaTune.Cli.Options;

/// <summary>Ranges of option values, checked when the option is given.</summary>
internal static class OptionRange
{
    /// <summary>Refuses values for which <paramref name="holds"/> is false.</summary>
    public static void Require<T>(this Option<T> option, string range, Func<T?, bool> holds) => option.Validators.Add(result =>
    {
        if (!holds(result.GetValueOrDefault<T>())) result.AddError($"{option.Name}: expected {range}");
    });
}
