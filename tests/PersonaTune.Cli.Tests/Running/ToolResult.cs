using System.Text.Json;

namespace PersonaTune.Cli.Tests.Running;

/// <summary>What a run of the tool gave.</summary>
internal sealed record ToolResult(int Code, string Out, string Error)
{
    /// <summary>Stdout as one JSON object; fails where it is anything else.</summary>
    public JsonElement Json()
    {
        using var document = JsonDocument.Parse(Out);
        return document.RootElement.Clone();
    }

    /// <summary>Asserts the exit code and, on a mismatch, shows what the tool said.</summary>
    public ToolResult Expect(int code)
    {
        Assert.True(code == Code, $"expected exit code {code}, found {Code}\nstdout: {Out}\nstderr: {Error}");
        return this;
    }
}
