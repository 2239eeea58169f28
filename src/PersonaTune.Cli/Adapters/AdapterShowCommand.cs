using System.CommandLine;
using System.Globalization;
using PersonaTune.Cli.Failures;
using PersonaTune.Cli.Options;
using PersonaTune.Cli.Terminal;
using PersonaTune.Device.Adapters;
using PersonaTune.Engine.Formats;

namespace PersonaTune.Cli.Adapters;

/// <summary><c>adapter show</c>: an adapter's lineage; <c>--out</c> writes its weights.</summary>
internal static class AdapterShowCommand
{
    public static Command Build(SharedOptions shared, ToolConsole console)
    {
        var id = new Argument<string?>("id") { Description = "The adapter. Default: the active one.", HelpName = "ID", Arity = ArgumentArity.ZeroOrOne };
        var output = new Option<string?>("--out") { Description = "Write the adapter's weights, unencrypted.", HelpName = "FILE" };
        var command = new Command("show", "Show an adapter's lineage and figures, or write its weights.") { id, output };
        shared.AddStore(command);
        Invocation.SetAction(command, shared, console, invocation => RunAsync(invocation, invocation.Parse.GetValue(id), invocation.Parse.GetValue(output)));
        return command;
    }

    private static async Task<int> RunAsync(Invocation invocation, string? id, string? output)
    {
        await using var store = await invocation.Store().OpenAsync(create: false, invocation.Cancellation);
        using var library = new AdapterLibrary(store, invocation.Console.Time);
        var entry = id is null
            ? await library.GetActiveAsync(invocation.User, invocation.Cancellation)
                ?? throw new ToolException(ExitCode.NothingToDo, $"'{invocation.User}' has no active adapter: the base model runs alone; name one, or make one with 'personatune learn FILE'")
            : await library.GetAsync(invocation.User, id, invocation.Cancellation);
        if (output is not null)
        {
            var weights = await library.ReadWeightsAsync(invocation.User, entry.Id, invocation.Cancellation);
            AtomicFile.Write(output, stream => stream.Write(weights.Span));
            invocation.Note($"{output}: the weights of adapter {entry.Id}, unencrypted");
        }

        if (invocation.Json)
        {
            JsonReport.Write(invocation.Console.Out, json =>
            {
                json.WriteString("user", invocation.User);
                AdapterReport.Write(json, entry);
                json.WriteString("out", output);
            });
        }
        else if (output is null) WriteText(invocation.Console.Out, entry);

        return ExitCode.Success;
    }

    private static void WriteText(TextWriter output, AdapterEntry entry)
    {
        var manifest = entry.Manifest;
        var recipe = manifest.Recipe;
        output.WriteLine($"adapter      {entry.Id}");
        output.WriteLine($"state        {entry.State}: {entry.StateReason}");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"created      {manifest.Created.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC, signed by device key {entry.SignedBy}"));
        output.WriteLine($"parent       {manifest.ParentId ?? "the base model"}");
        output.WriteLine($"base         {manifest.BaseDigest}");
        if (manifest.GlobalDigest is not null) output.WriteLine($"trained on   the base with global adapter {manifest.GlobalDigest[..16]} beneath");
        if (manifest.Provenance is { } provenance)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"imported     {provenance.Name} version {provenance.Version}, {(provenance.SignerName is null ? "not signed" : $"signed by {provenance.SignerName} ({provenance.SignerKeyId![..16]}, {(provenance.Pinned ? "pinned" : "under a pinned root")})")}"));
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"valid until  {(provenance.NotAfter is { } end ? end.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) + " UTC" : "always")}"));
            output.WriteLine($"privacy      {provenance.PrivacyStatement}");
            output.WriteLine($"weights      {manifest.WeightsLength} bytes, sha256 {manifest.WeightsDigest}");
            return;
        }

        output.WriteLine($"learned from {manifest.TrainingExamples.Count} messages, held out {manifest.ValidationExamples.Count} (set {manifest.ExampleSetDigest[..16]})");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"recipe       rank {recipe.Lora.Rank}, alpha {recipe.Lora.Alpha}, learning rate {recipe.LearningRate}, at most {recipe.MaximumEpochs} epochs, seed {recipe.Seed}, {manifest.Threads} threads"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"training     epoch {manifest.Metrics.BestEpoch} kept of {manifest.Metrics.TrainingLosses.Count}, {manifest.Metrics.Steps} steps, {manifest.Metrics.TrainedTokens} tokens"));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"perplexity   a word, held out: base {manifest.Metrics.Base.PerplexityPerWord:F1}, before {manifest.Metrics.Before.PerplexityPerWord:F1}, after {manifest.Metrics.After.PerplexityPerWord:F1}"));
        output.WriteLine($"gate         {manifest.GateReason}");
        output.WriteLine($"weights      {manifest.WeightsLength} bytes, sha256 {manifest.WeightsDigest}");
    }
}
