using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Models;

namespace PersonaTune.Device.Keyboard;

/// <summary>
/// The per-person evaluation. Each person's messages are split by time: the first 80 % to learn from, the last 20 % to test on, once; the
/// newest part of the former chooses epochs, orders and weights. Five methods are compared: the base, the base mixed with the person's
/// n-gram cache, Kneser-Ney n-grams of the person alone, the adapted base, and the adapted base mixed with the cache. The same model,
/// people, options and thread count give the same figures.
/// </summary>
public static class KeyboardProtocol
{
    /// <summary>Fewest messages that can be split.</summary>
    public const int MinMessages = 20;

    /// <summary>Evaluates every person in turn. People with fewer than <see cref="MinMessages"/> messages are skipped and named.</summary>
    /// <param name="people">Whose messages to use, each oldest first.</param>
    /// <param name="model">The base model with its tokenizer.</param>
    /// <param name="options">Settings; null for the defaults.</param>
    /// <param name="progress">Told of every phase.</param>
    /// <param name="time">Clock of the wall times; null takes the system's.</param>
    /// <param name="cancellationToken">Stops between messages and training steps.</param>
    /// <exception cref="ArgumentException">The model has no tokenizer, or an option is out of range.</exception>
    public static async Task<KeyboardReport> RunAsync(IReadOnlyList<PersonHistory> people, DecoderModel model,
        KeyboardPersonalizationOptions? options = null, IProgress<KeyboardProgress>? progress = null,
        TimeProvider? time = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(people);
        ArgumentNullException.ThrowIfNull(model);
        options ??= new KeyboardPersonalizationOptions();
        options.Validate();
        if (model.Tokenizer is null) throw new ArgumentException("the model file carries no tokenizer; use a GGUF file with one", nameof(model));
        using var pool = new WorkerPool(options.Threads);
        var results = new List<KeyboardPersonResult>();
        var skipped = new List<string>();
        for (var i = 0; i < people.Count; i++)
        {
            var person = people[i];
            if (person.Messages.Count < MinMessages)
            {
                skipped.Add(person.User);
                continue;
            }
            var evaluation = new PersonEvaluation(person, model, options, pool, time ?? TimeProvider.System,
                phase => progress?.Report(new KeyboardProgress(i + 1, people.Count, person.User, phase, null)));
            var result = await evaluation.RunAsync(cancellationToken).ConfigureAwait(false);
            results.Add(result);
            progress?.Report(new KeyboardProgress(i + 1, people.Count, person.User, KeyboardPhase.Done, result));
        }
        return KeyboardReport.Create(model.Digest, results, skipped);
    }
}
