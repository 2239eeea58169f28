using System.CommandLine;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Engine;
using PersonaTune.Engine.Inference;

namespace PersonaTune.Cli.Writing;

/// <summary>The options that say how tokens are drawn.</summary>
internal sealed class SamplingInput(SharedOptions shared)
{
    private static readonly SamplingOptions Defaults = new();
    private readonly Option<int> _tokens = new("--max-tokens") { Description = "Most tokens to write. Default: 64.", HelpName = "N", DefaultValueFactory = _ => 64 };
    private readonly Option<float> _temperature = new("--temperature") { Description = "0 always takes the most likely token. Default: 0.8.", HelpName = "X", DefaultValueFactory = _ => Defaults.Temperature };
    private readonly Option<int> _topK = new("--top-k") { Description = "Draw from the K most likely tokens; 0: all. Default: 40.", HelpName = "K", DefaultValueFactory = _ => Defaults.TopK };
    private readonly Option<float> _topP = new("--top-p") { Description = "Draw from the fewest tokens that have this probability together. Default: 0.95.", HelpName = "P", DefaultValueFactory = _ => Defaults.TopP };
    private readonly Option<float> _minP = new("--min-p") { Description = "Leave out tokens below this part of the likeliest one's probability. Default: 0.05.", HelpName = "P", DefaultValueFactory = _ => Defaults.MinP };
    private readonly Option<float> _repetition = new("--repetition-penalty") { Description = "Above 1: recent tokens become less likely. Default: 1.", HelpName = "X", DefaultValueFactory = _ => Defaults.RepetitionPenalty };

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_tokens, _temperature, _topK, _topP, _minP, _repetition]) command.Add(option);
    }

    /// <exception cref="ToolException">A value is out of range.</exception>
    public GenerationOptions Read(Invocation invocation)
    {
        var options = Unchecked(invocation);
        try
        {
            options.Validate();
        }
        catch (EngineException exception)
        {
            throw new ToolException(ExitCode.Usage, exception.Message, exception);
        }

        return options;
    }

    private GenerationOptions Unchecked(Invocation invocation) => new()
    {
        MaxTokens = invocation.Parse.GetValue(_tokens),
        Sampling = new SamplingOptions
        {
            Temperature = invocation.Parse.GetValue(_temperature),
            TopK = invocation.Parse.GetValue(_topK),
            TopP = invocation.Parse.GetValue(_topP),
            MinP = invocation.Parse.GetValue(_minP),
            RepetitionPenalty = invocation.Parse.GetValue(_repetition),
            Seed = invocation.Parse.GetValue(shared.Seed),
        },
    };
}
