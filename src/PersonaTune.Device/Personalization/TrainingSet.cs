using PersonaTune.Device.Storage;

namespace PersonaTune.Device.Personalization;

/// <summary>A person's messages, split by time: the newest part is held out.</summary>
internal sealed record TrainingSet(IReadOnlyList<TrainingMessage> Training, IReadOnlyList<TrainingMessage> Validation)
{
    /// <summary>All messages with text in time order; equal times keep the order in which they were added.</summary>
    public static async Task<List<TrainingMessage>> ReadAsync(
        ExampleStore store, MessageEncoder encoder, string user, string collection, CancellationToken cancellationToken)
    {
        var messages = new List<TrainingMessage>();
        await foreach (var example in store.ListAsync(user, collection, cancellationToken))
        {
            if (example.Kind is not (ExampleKind.Text or ExampleKind.AcceptedText)) continue;
            var text = example.Text;
            if (encoder.Encode(text) is { Pieces.Count: > 0 } encoded) messages.Add(new TrainingMessage(example.Id, example.Time, text, encoded));
        }
        return [.. messages.OrderBy(message => message.Time)];
    }

    /// <summary>The newest messages up to the recipe's maximum, split by its fraction; both parts hold at least one.</summary>
    public static TrainingSet Split(IReadOnlyList<TrainingMessage> messages, TrainingRecipe recipe)
    {
        var used = messages.Count > recipe.MaximumExamples ? messages.Skip(messages.Count - recipe.MaximumExamples).ToList() : messages;
        var held = Math.Clamp((int)Math.Round(used.Count * recipe.ValidationFraction, MidpointRounding.AwayFromZero), 1, used.Count - 1);
        return new TrainingSet([.. used.Take(used.Count - held)], [.. used.Skip(used.Count - held)]);
    }

    /// <summary>The set that an interrupted run used, or null if one of its messages is gone.</summary>
    public static TrainingSet? Of(RunHeader header, IReadOnlyList<TrainingMessage> messages)
    {
        var byId = messages.ToDictionary(message => message.Id.ToString(), StringComparer.Ordinal);
        return header.TrainingExamples.Concat(header.ValidationExamples).All(byId.ContainsKey)
            ? new TrainingSet([.. header.TrainingExamples.Select(id => byId[id])], [.. header.ValidationExamples.Select(id => byId[id])])
            : null;
    }

    public IReadOnlyList<string> TrainingIds => [.. Training.Select(message => message.Id.ToString())];

    public IReadOnlyList<string> ValidationIds => [.. Validation.Select(message => message.Id.ToString())];
}
