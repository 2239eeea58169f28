using System.Text;

namespace PersonaTune.Device.Storage;

/// <summary>An example to add.</summary>
/// <param name="Kind">What its content is.</param>
/// <param name="Time">When it was made.</param>
/// <param name="Content">Its content: 1 byte to 16 MiB.</param>
public sealed record NewExample(ExampleKind Kind, DateTimeOffset Time, ReadOnlyMemory<byte> Content)
{
    /// <summary>An example of text that the user wrote.</summary>
    public static NewExample FromText(string text, DateTimeOffset time, ExampleKind kind = ExampleKind.Text) =>
        new(kind, time, Encoding.UTF8.GetBytes(text));
}
