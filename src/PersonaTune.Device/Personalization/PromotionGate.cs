using System.Globalization;

namespace PersonaTune.Device.Personalization;

/// <summary>Lets a candidate through only if it predicts held-out messages better than what runs now. Pure and thread-safe.</summary>
public static class PromotionGate
{
    /// <summary>Decides from the scores of the same held-out messages under the current model and under the candidate.</summary>
    /// <exception cref="ArgumentException">The lists differ in length.</exception>
    public static PromotionDecision Decide(IReadOnlyList<MessageScore> current, IReadOnlyList<MessageScore> candidate, PromotionGateOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var comparison = PairedComparison.Of(current, candidate);
        var (before, after) = (MessageScore.Sum(current), MessageScore.Sum(candidate));
        var improvement = -comparison.RelativeDifference;

        string? problem = null;
        if (before.Messages < options.MinimumMessages)
            problem = Text($"only {before.Messages} held-out messages; the gate asks for {options.MinimumMessages}");
        else if (before.Tokens < options.MinimumTokens)
            problem = Text($"only {before.Tokens} held-out tokens; the gate asks for {options.MinimumTokens}");
        else if (!double.IsFinite(before.TotalNll))
            problem = double.IsFinite(after.TotalNll) ? null : "the candidate's held-out loss is not a finite number";
        else if (!double.IsFinite(after.TotalNll))
            problem = "the candidate's held-out loss is not a finite number";
        else if (improvement <= 0)
            problem = Text($"held-out loss {after.Loss:F4} does not beat {before.Loss:F4}");
        else if (improvement < options.MinimumImprovement)
            problem = Text($"held-out loss fell by {improvement:P2} from {before.Loss:F4}; the gate asks for {options.MinimumImprovement:P2}");
        else if (options.Confidence > 0 && !(improvement >= options.Confidence * comparison.StandardError))
            problem = Text($"held-out loss fell by {improvement:P2}, within {options.Confidence} standard errors of {comparison.StandardError:P2}");

        return problem is null
            ? new PromotionDecision(true, Text($"held-out loss fell by {improvement:P2}, from {before.Loss:F4} to {after.Loss:F4}"), before, after)
            : new PromotionDecision(false, problem, before, after);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
