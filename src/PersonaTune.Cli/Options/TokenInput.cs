using System.CommandLine;
using System.Globalization;
using PersonaTune.Cli.Failures;
using PersonaTune.Engine.Models;

namespace PersonaTune.Cli.Options;

/// <summary>The options that say which tokens to look at: ids, a file of ids, or a text.</summary>
internal sealed class TokenInput
{
    private static readonly char[] Separators = [',', ' ', '\t', '\r', '\n', ';', '[', ']'];

    public Option<string?> Ids { get; } = new("--ids") { Description = "Token ids, separated by commas or spaces.", HelpName = "LIST" };

    public Option<string?> IdsFile { get; } = new("--ids-file") { Description = "File with token ids, separated by commas or white space.", HelpName = "FILE" };

    public Option<string?> Text { get; } = new("--text") { Description = "Text to tokenize; the model's beginning-of-sequence token is put before it where it expects one.", HelpName = "TEXT" };

    public void AddTo(Command command)
    {
        command.Add(Ids);
        command.Add(IdsFile);
        command.Add(Text);
        command.Validators.Add(result =>
        {
            var given = new Option[] { Ids, IdsFile, Text }.Count(option => result.GetResult(option) is not null);
            if (given != 1) result.AddError($"{result.Command.Name}: expected one of --ids, --ids-file and --text, found {given}");
        });
    }

    /// <summary>The token ids, each inside the model's vocabulary.</summary>
    /// <exception cref="ToolException">No ids, an id that is none, or one outside the vocabulary.</exception>
    public int[] Read(Invocation invocation, DecoderModel model)
    {
        var ids = invocation.Parse.GetValue(Text) is { } text ? Encode(invocation, model, text)
            : invocation.Parse.GetValue(IdsFile) is { } file ? Numbers(File.ReadAllText(file), file)
            : Numbers(invocation.Parse.GetValue(Ids) ?? string.Empty, "--ids");
        if (ids.Length == 0) throw new ToolException(ExitCode.BadInput, "no token ids; give at least one");
        foreach (var id in ids)
            if (id < 0 || id >= model.Config.VocabularySize)
                throw new ToolException(ExitCode.BadInput, $"token id {id} is outside the model's vocabulary; expected 0 to {model.Config.VocabularySize - 1}");
        return ids;
    }

    private static int[] Encode(Invocation invocation, DecoderModel model, string text)
    {
        var tokenizer = invocation.TokenizerOf(model);
        var ids = tokenizer.Encode(text);
        return tokenizer is { AddBos: true, BosId: { } bos } ? [bos, .. ids] : [.. ids];
    }

    private static int[] Numbers(string text, string subject) =>
    [
        .. text.Split(Separators, StringSplitOptions.RemoveEmptyEntries).Select(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            ? id
            : throw new ToolException(ExitCode.BadInput, $"{subject}: '{(part.Length > 40 ? part[..40] : part)}' is no token id; expected whole numbers separated by commas")),
    ];
}
