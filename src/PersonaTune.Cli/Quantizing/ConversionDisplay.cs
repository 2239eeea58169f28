using PersonaTune.Engine.Formats;

namespace PersonaTune.Cli.Quantizing;

/// <summary>One line each tenth of the way.</summary>
internal sealed class ConversionDisplay(TextWriter output) : IProgress<ConversionProgress>
{
    private int _tenth;

    public void Report(ConversionProgress value)
    {
        var tenth = value.Done * 10 / value.Total;
        if (tenth == _tenth) return;
        _tenth = tenth;
        output.WriteLine($"{value.Done} of {value.Total} tensors");
    }
}
