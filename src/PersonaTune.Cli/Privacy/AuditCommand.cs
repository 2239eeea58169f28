using System.CommandLine;
using System.Globalization;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Privacy.Accounting;
using PersonaTune.Privacy.Auditing;
using PersonaTune.Privacy.Mechanisms;

namespace PersonaTune.Cli.Privacy;

/// <summary><c>privacy audit</c>: lower bounds on epsilon by experiment, for the noise of this library or for training on messages.</summary>
internal static class AuditCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var input = new MessageInput();
        var recipe = new RecipeOptions(shared);
        var canaries = new Option<int?>("--canaries") { Description = "Canaries, each included by a fair coin. Default: 1000 for noise, 100 for training.", HelpName = "N" };
        var repeat = new Option<int>("--repeat") { Description = "How often an included canary is written among the messages.", HelpName = "N", DefaultValueFactory = _ => 1 };
        var sigma = new Option<double?>("--sigma") { Description = "Audit the Gaussian mechanism with this noise multiplier instead of training.", HelpName = "X" };
        var delta = new Option<double>("--delta") { Description = "Delta of the bound.", HelpName = "X", DefaultValueFactory = _ => 1e-5 };
        var significance = new Option<double>("--significance") { Description = "Probability with which the bound may be wrong.", HelpName = "P", DefaultValueFactory = _ => 0.05 };
        var command = new Command("audit", "Prove a lower bound on epsilon with one run: of training on messages, or of the noise mechanism.")
        {
            input.Files, input.From, shared.Model, canaries, repeat, sigma, delta, significance,
        };
        recipe.AddTo(command);
        canaries.Require("10 to 1,000,000", value => value is null or >= 10 and <= 1_000_000);
        repeat.Require("1 to 1,000", value => value is >= 1 and <= 1000);
        sigma.Require("0 or more", value => value is null or >= 0 and < double.PositiveInfinity);
        delta.Require("0 to below 1", value => value is >= 0 and < 1);
        significance.Require("above 0 and below 1", value => value is > 0 and < 1);
        command.Validators.Add(result =>
        {
            if ((result.GetValue(sigma) is null) == (result.GetValue(input.Files) is not { Length: > 0 })) result.AddError("expected either message files or --sigma");
        });
        Invocation.SetAction(command, shared, console, invocation =>
        {
            var parse = invocation.Parse;
            var settings = new AuditSettings(parse.GetValue(canaries) ?? (parse.GetValue(sigma) is null ? 100 : 1000), parse.GetValue(delta), parse.GetValue(significance));
            return parse.GetValue(sigma) is { } noise
                ? NoiseAsync(invocation, settings, noise)
                : TrainingAsync(invocation, settings, input, recipe, parse.GetValue(repeat));
        });
        return command;
    }

    private sealed record AuditSettings(int Canaries, double Delta, double Significance)
    {
        /// <summary>Chosen before the run: a few confident guesses, many, and all.</summary>
        public int[] GuessCounts => [Math.Max(2, Canaries / 10), Canaries / 2, Canaries];
    }

    private static async Task<int> NoiseAsync(Invocation invocation, AuditSettings settings, double sigma)
    {
        var claimed = sigma == 0 ? double.PositiveInfinity : TwoBounds.Account(NeighbouringRelation.AddOrRemoveOne, new GaussianEvent(sigma), 1, settings.Delta).Epsilon;
        var result = await OneRunAudit.RunAsync(settings.Canaries, (included, _) =>
        {
            // Each canary is a unit vector of its own, so a canary's coordinate is all that the noisy sum tells about it.
            var noise = new double[included.Count];
            using var source = new CryptographicNoiseSource();
            new GaussianNoise(sigma).Fill(source, noise);
            return Task.FromResult<IReadOnlyList<double>>([.. included.Select((i, n) => (i ? 1 : 0) + noise[n])]);
        }, settings.Delta, settings.Significance, settings.GuessCounts, cancellationToken: invocation.Cancellation);
        var refuted = result.EpsilonLowerBound > claimed;
        if (invocation.Json)
        {
            JsonReport.Write(invocation.Console.Out, json =>
            {
                json.WriteString("audited", "gaussian");
                json.WriteNumber("sigma", sigma);
                json.WriteFinite("claimedEpsilon", claimed);
                Write(json, result);
                json.WriteBoolean("refuted", refuted);
            });
        }
        else
        {
            invocation.Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"Gaussian mechanism, sigma {sigma:G6}: claimed epsilon {claimed:G6}, proved at least {result.EpsilonLowerBound:G4} (delta {result.Delta:G3})"));
            WriteGuesses(invocation.Console.Out, result);
            invocation.Console.Out.WriteLine(refuted ? "The claim is refuted." : "The claim stands: an audit can refute it, never prove it.");
        }

        return refuted ? ExitCode.Failure : ExitCode.Success;
    }

    private static async Task<int> TrainingAsync(Invocation invocation, AuditSettings settings, MessageInput input, RecipeOptions options, int repeat)
    {
        var messages = input.Read(invocation).Select(message => message.Text).ToList();
        if (messages.Count == 0) throw new ToolException(ExitCode.NothingToDo, "privacy audit: the files hold no message; give messages to hide the canaries among");
        using var model = invocation.LoadModel();
        using var pool = invocation.CreatePool();
        var training = new CanaryTraining(invocation, model, pool, options.Read(invocation.Parse).Recipe, messages, repeat);
        var secrets = CanaryTraining.Secrets(settings.Canaries);
        bool[] coins = [];
        double[] scores = [];
        invocation.Note(string.Create(CultureInfo.InvariantCulture, $"training on {messages.Count} messages and about {settings.Canaries / 2} of {settings.Canaries} canaries"));
        var result = await OneRunAudit.RunAsync(settings.Canaries, async (included, cancellation) =>
        {
            coins = [.. included];
            return scores = [.. await training.TrainAndScoreAsync(secrets, included, cancellation)];
        }, settings.Delta, settings.Significance, settings.GuessCounts, cancellationToken: invocation.Cancellation);
        // Those left out are the references: drawn from the same space, never trained on. A higher score is a lower loss.
        double[] references = [.. scores.Where((_, i) => !coins[i]).Select(score => -score)];
        double[] exposures = references.Length == 0 ? [] : [.. CanaryExposure.MeasureAll([.. scores.Where((_, i) => coins[i]).Select(score => -score)], references).Order()];
        var median = exposures.Length == 0 ? double.NaN : exposures[exposures.Length / 2];
        var most = Math.Log2(references.Length + 1);
        if (invocation.Json)
        {
            JsonReport.Write(invocation.Console.Out, json =>
            {
                json.WriteString("audited", "training");
                json.WriteNumber("messages", messages.Count);
                json.WriteNumber("repeat", repeat);
                Write(json, result);
                json.WriteFinite("medianExposureBits", median);
                json.WriteFinite("greatestMeasurableExposureBits", most);
            });
        }
        else
        {
            invocation.Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"training without differential privacy: epsilon proved at least {result.EpsilonLowerBound:G4} (delta {result.Delta:G3})"));
            WriteGuesses(invocation.Console.Out, result);
            invocation.Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"median exposure of a planted secret {median:F1} bits (1.0 without memorization, at most {most:F1} measurable)"));
            invocation.Console.Out.WriteLine("A personal adapter can give away what it was trained on: keep it sealed, and never share it as if it were anonymous.");
        }

        return ExitCode.Success;
    }

    private static void Write(System.Text.Json.Utf8JsonWriter json, OneRunAuditResult result)
    {
        json.WriteNumber("canaries", result.Canaries);
        json.WriteNumber("guesses", result.Guesses);
        json.WriteNumber("correct", result.Correct);
        json.WriteNumber("epsilonLowerBound", result.EpsilonLowerBound);
        json.WriteNumber("delta", result.Delta);
        json.WriteNumber("significance", result.Significance);
    }

    private static void WriteGuesses(TextWriter output, OneRunAuditResult result) => output.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"{result.Correct} of {result.Guesses} guesses right about {result.Canaries} canaries; the bound is wrong with probability {result.Significance:G3} at most"));
}
