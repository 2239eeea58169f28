using PersonaTune.Cli.Failures;
using PersonaTune.Engine.Quantization;
using PersonaTune.Engine.Tensors;

namespace PersonaTune.Cli.Options;

/// <summary>Types in which weights can be stored, by name.</summary>
internal static class TensorTypeInput
{
    /// <summary>The names that <see cref="Parse"/> takes.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Enum.GetValues<TensorType>().Where(BlockCodec.CanEncode).Select(type => type.ToString())];

    /// <exception cref="ToolException">It is no such type.</exception>
    public static TensorType Parse(string name) =>
        Names.FirstOrDefault(known => string.Equals(known, name, StringComparison.OrdinalIgnoreCase)) is { } found
            ? Enum.Parse<TensorType>(found)
            : throw new ToolException(ExitCode.Usage, $"'{name}' is no type to store weights in; expected one of {string.Join(", ", Names)}");
}
