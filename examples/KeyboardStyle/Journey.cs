using System.Globalization;
using KeyboardStyle.Charts;
using PersonaTune.Device.Keyboard;
using PersonaTune.Device.Personalization;
using PersonaTune.Device.Storage;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Models;
using Spectre.Console;

namespace KeyboardStyle;

/// <summary>One writer's journey: messages into the store, an adapter through the gate, suggestions before and after, figures.</summary>
internal sealed class Journey(Writer writer, DecoderModel model, WorkerPool pool, SealedStore store, AdapterSlot slot, Personalizer personalizer, IAnsiConsole console)
{
    private const string Collection = "messages";
    private const int Contexts = 8;

    public async Task<LossCurve> RunAsync(CancellationToken cancellation)
    {
        var learned = writer.Learned.ToList();
        console.WriteLine();
        console.Write(new Rule($"[bold]{Markup.Escape(writer.Name)}[/]: {learned.Count} messages to learn from, {writer.Test.Count()} kept aside") { Justification = Justify.Left });
        RemarkScript();

        var now = DateTimeOffset.UnixEpoch;
        await store.Examples.AddRangeAsync(writer.Name, Collection,
            [.. learned.Select((message, i) => NewExample.FromText(message.Text, message.Time ?? now.AddSeconds(i)))], cancellation);
        await personalizer.UseAsync(writer.Name, cancellation);
        var typed = TypedContext.Choose(writer.Learned.Select(message => message.Text), writer.Test.Select(message => message.Text), Contexts);
        List<string[]> before;
        using (var plain = new WordSuggester(slot, pool)) before = Suggest(plain, typed, cancellation);

        var start = TimeProvider.System.GetTimestamp();
        var outcome = await TrainAsync(cancellation);
        var learning = TimeProvider.System.GetElapsedTime(start);
        var curve = Curve(outcome);
        console.WriteLine(outcome.Decision!.Promote ? $"adapter {outcome.Adapter!.Id} passed the gate: {outcome.Decision.Reason}" : $"the gate kept the base model: {outcome.Decision.Reason}");
        console.WriteLine("held-out loss during training, nats a token");
        console.WriteLine(TerminalChart.Draw(curve));

        using (var personal = await personalizer.CreateSuggesterAsync(writer.Name, cancellationToken: cancellation))
            WriteSuggestions(typed, before, Suggest(personal, typed, cancellation));
        await WriteFiguresAsync(learning, cancellation);
        return curve;
    }

    private static List<string[]> Suggest(WordSuggester suggester, IReadOnlyList<TypedContext> typed, CancellationToken cancellation) =>
        [.. typed.Select(context => suggester.Suggest(context.Typed, cancellation).Select(word => word.Word).ToArray())];

    // The first value is the base model's, before any step; then one after each pass.
    private LossCurve Curve(TrainingOutcome outcome) =>
        new(writer.Name, [.. outcome.Adapter!.Manifest.Metrics.ValidationLosses.Select((loss, i) => new LossPoint(i, loss))]);

    private async Task<TrainingOutcome> TrainAsync(CancellationToken cancellation)
    {
        if (!console.Profile.Capabilities.Interactive) return await personalizer.TrainAsync(writer.Name, null, cancellation);
        return await console.Progress().AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new RemainingTimeColumn())
            .StartAsync(async context =>
            {
                var task = context.AddTask("learning");
                return await personalizer.TrainAsync(writer.Name, new StepDisplay(task), cancellation);
            });
    }

    private void WriteSuggestions(IReadOnlyList<TypedContext> typed, List<string[]> before, List<string[]> after)
    {
        var table = new Table().Title("what the keyboard offers in messages that it has not seen, where the writer repeats two words of the learned ones").Border(TableBorder.Rounded)
            .AddColumns("typed so far", "meant", "base model", "after learning");
        for (var i = 0; i < typed.Count; i++)
            table.AddRow(Markup.Escape(typed[i].Shown), Markup.Escape(typed[i].Meant), Offer(before[i], typed[i].Meant), Offer(after[i], typed[i].Meant));
        console.Write(table);

        static string Offer(string[] words, string meant) => string.Join("  ", words.Select(word =>
            string.Equals(word, meant, StringComparison.Ordinal) ? $"[bold green]{Markup.Escape(word)}[/] ✓" : Markup.Escape(word)));
    }

    private async Task WriteFiguresAsync(TimeSpan learning, CancellationToken cancellation)
    {
        var texts = writer.Test.Select(message => message.Text).ToList();
        var learned = writer.Learned.Select(message => message.Text).ToList();
        var options = new KeyboardPersonalizationOptions { Threads = pool.Threads, MaxNextWordTargets = 200, MaxTypedMessages = 30 };
        var personal = await personalizer.LoadNGramsAsync(writer.Name, cancellation);
        var adapters = slot.Current.Stack;

        // The baseline that personalization has to beat: the base model with a cache of its own, tuned the same way.
        var fit = (int)(learned.Count * (1 - personalizer.Options.Recipe.ValidationFraction));
        var cached = KeyboardCacheTuner.Tune(model, pool, AdapterStack.Empty, learned[..fit], learned[fit..], cancellationToken: cancellation);
        KeyboardMetrics[] columns =
        [
            KeyboardEvaluator.Evaluate(model, pool, AdapterStack.Empty, texts, null, options, cancellation),
            KeyboardEvaluator.Evaluate(model, pool, AdapterStack.Empty, texts, cached, options, cancellation),
            KeyboardEvaluator.Evaluate(model, pool, adapters, texts, null, options, cancellation),
            KeyboardEvaluator.Evaluate(model, pool, adapters, texts, personal, options, cancellation),
        ];
        var table = new Table().Title($"figures on the {texts.Count} messages kept aside").Border(TableBorder.Rounded)
            .AddColumns("", "base model", "base + n-grams", "adapter", "adapter + n-grams: the product");
        foreach (var column in table.Columns.Skip(1)) column.RightAligned();
        Row("perplexity a word", metrics => metrics.PerplexityPerWord.ToString("N0", CultureInfo.InvariantCulture));
        Row("next word is the first offer", metrics => metrics.Top1Accuracy.ToString("P1", CultureInfo.InvariantCulture));
        Row("next word is among three", metrics => metrics.Top3Accuracy.ToString("P1", CultureInfo.InvariantCulture));
        Row("keystrokes saved", metrics => metrics.KeystrokeSavings.ToString("P1", CultureInfo.InvariantCulture));
        console.Write(table);
        using var process = System.Diagnostics.Process.GetCurrentProcess();
        console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"learning took {learning.TotalSeconds:F1} s; peak memory of the process so far {process.PeakWorkingSet64 / 1048576.0:F0} MiB"));

        void Row(string name, Func<KeyboardMetrics, string> text) => table.AddRow([name, .. columns[..3].Select(text), $"[bold]{text(columns[3])}[/]"]);
    }

    /// <summary>A vocabulary that spells a script out byte by byte predicts it badly; the person should know why.</summary>
    private void RemarkScript()
    {
        var text = string.Join('\n', writer.Messages.Take(200).Select(message => message.Text));
        var bytesPerToken = (double)System.Text.Encoding.UTF8.GetByteCount(text) / Math.Max(1, model.Tokenizer!.Encode(text).Count);
        if (bytesPerToken < 1.5)
            console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"note: the base model hardly knows this script ({bytesPerToken:F1} bytes a token; English has about 4): expect little from a few hundred messages"));
    }
}
