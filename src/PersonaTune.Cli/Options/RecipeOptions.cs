using System.CommandLine;
using PersonaTune.Device.Personalization;
using PersonaTune.Engine.Lora;

namespace PersonaTune.Cli.Options;

/// <summary>The options that change how an adapter is trained; what is not given keeps its default.</summary>
internal sealed class RecipeOptions(SharedOptions shared)
{
    private static readonly string[] TargetNames = [.. Enum.GetNames<LoraTarget>().Select(name => name.ToLowerInvariant())];

    private readonly Option<int?> _epochs = Positive("--epochs", "Passes over the messages at most; the best by held-out loss is kept.");
    private readonly Option<int?> _patience = Positive("--patience", "Passes without a better held-out loss after which training stops.");
    private readonly Option<int?> _rank = Positive("--rank", "Rank of the adapter.");
    private readonly Option<float?> _alpha = new("--alpha") { Description = "Alpha of the adapter; its scale is alpha / rank.", HelpName = "X" };
    private readonly Option<float?> _rate = new("--learning-rate") { Description = "Peak learning rate.", HelpName = "X" };
    private readonly Option<int?> _batch = Positive("--batch", "Messages an optimizer step.");
    private readonly Option<float?> _dropout = new("--dropout") { Description = "Dropout on the adapter's input, 0 to below 1.", HelpName = "P" };
    private readonly Option<string[]?> _targets = new("--targets")
    {
        Description = $"Layers that carry the adapter, separated by commas: {string.Join(", ", TargetNames)}.",
        HelpName = "LIST",
        CustomParser = result => [.. result.Tokens.SelectMany(token => token.Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))],
    };

    private readonly Option<int?> _minimum = Positive("--min-messages", "Fewest messages for which training starts.");

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_epochs, _patience, _rank, _alpha, _rate, _batch, _dropout, _targets, _minimum]) command.Add(option);
        command.Validators.Add(result =>
        {
            foreach (var target in result.GetValue(_targets) ?? [])
                if (!TargetNames.Contains(target, StringComparer.OrdinalIgnoreCase)) result.AddError($"--targets: '{target}' is no layer; expected some of {string.Join(", ", TargetNames)}");
        });
    }

    /// <summary>Whether any of these options was given.</summary>
    public bool AnyGiven(ParseResult parse) =>
        new Option[] { _epochs, _patience, _rank, _alpha, _rate, _batch, _dropout, _targets, shared.Seed }.Any(option => parse.GetResult(option) is { Implicit: false });

    /// <summary>The settings with what was given put in.</summary>
    public PersonalizationOptions Read(ParseResult parse)
    {
        var defaults = new PersonalizationOptions();
        var recipe = defaults.Recipe;
        return defaults with
        {
            MinimumExamples = parse.GetValue(_minimum) ?? defaults.MinimumExamples,
            Recipe = recipe with
            {
                MaximumEpochs = parse.GetValue(_epochs) ?? recipe.MaximumEpochs,
                Patience = parse.GetValue(_patience) ?? recipe.Patience,
                LearningRate = parse.GetValue(_rate) ?? recipe.LearningRate,
                BatchSize = parse.GetValue(_batch) ?? recipe.BatchSize,
                Seed = parse.GetResult(shared.Seed) is { Implicit: false } ? parse.GetValue(shared.Seed) : recipe.Seed,
                Lora = recipe.Lora with
                {
                    Rank = parse.GetValue(_rank) ?? recipe.Lora.Rank,
                    Alpha = parse.GetValue(_alpha) ?? recipe.Lora.Alpha,
                    Dropout = parse.GetValue(_dropout) ?? recipe.Lora.Dropout,
                    Targets = parse.GetValue(_targets) is { Length: > 0 } targets
                        ? [.. targets.Select(target => Enum.Parse<LoraTarget>(target, ignoreCase: true)).Distinct().Order()]
                        : recipe.Lora.Targets,
                },
            },
        };
    }

    private static Option<int?> Positive(string name, string description)
    {
        var option = new Option<int?>(name) { Description = description, HelpName = "N" };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is < 1) result.AddError($"{name}: expected 1 or more");
        });
        return option;
    }
}
