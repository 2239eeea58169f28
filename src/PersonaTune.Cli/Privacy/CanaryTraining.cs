using System.Globalization;
using System.Security.Cryptography;
using PersonaTune.Cli.Options;
using PersonaTune.Device.Personalization;
using PersonaTune.Engine.Inference;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Models;
using PersonaTune.Engine.Training;

namespace PersonaTune.Cli.Privacy;

/// <summary>
/// Plants random secrets ("the code of my locker is 4 7 1 9 3 0") among a person's messages, trains an adapter on them as <c>learn</c> does, and
/// scores how much likelier training made each of them.
/// </summary>
internal sealed class CanaryTraining(Invocation invocation, DecoderModel model, WorkerPool pool, TrainingRecipe recipe, IReadOnlyList<string> messages, int repeat)
{
    private static readonly string[] Things = ["locker", "garage", "bike", "phone", "safe", "gate", "laptop", "account", "card", "suitcase"];

    /// <summary>Secrets, all different, from a space of ten million.</summary>
    public static string[] Secrets(int count)
    {
        var secrets = new HashSet<string>(StringComparer.Ordinal);
        while (secrets.Count < count)
        {
            var digits = RandomNumberGenerator.GetInt32(1_000_000).ToString("D6", CultureInfo.InvariantCulture);
            secrets.Add($"the code of my {Things[RandomNumberGenerator.GetInt32(Things.Length)]} is {string.Join(' ', digits.AsEnumerable())}");
        }

        return [.. secrets];
    }

    /// <summary>Trains with the included secrets; returns for each secret the loss without the adapter minus the loss with it, in nats.</summary>
    public async Task<IReadOnlyList<double>> TrainAndScoreAsync(IReadOnlyList<string> secrets, IReadOnlyList<bool> included, CancellationToken cancellation)
    {
        var encoder = new MessageEncoder(invocation.TokenizerOf(model), Math.Min(recipe.SequenceLength, model.Config.ContextLength));
        var texts = messages.Concat(secrets.Where((_, i) => included[i]).SelectMany(secret => Enumerable.Repeat(secret, repeat)));
        var options = new TrainingOptions
        {
            Lora = recipe.Lora,
            Epochs = recipe.MaximumEpochs,
            BatchSequences = recipe.BatchSize,
            LearningRate = recipe.LearningRate,
            WarmupFraction = (float)recipe.WarmupFraction,
            WeightDecay = recipe.WeightDecay,
            MaxGradientNorm = recipe.GradientClip,
            OrderSeed = recipe.Seed,
        };
        // The order of training is shuffled by its seed, so it does not matter that the secrets stand last.
        using var trainer = new LoraTrainer(model, options, [.. texts.SelectMany(text => encoder.Encode(text).Pieces).Select(piece => piece.ToSequence())], pool: pool,
            time: invocation.Console.Time);
        var trained = await trainer.RunAsync(cancellationToken: cancellation);
        var scorer = new MessageScorer(model, pool);
        List<EncodedMessage> encoded = [.. secrets.Select(encoder.Encode)];
        var before = scorer.Score(AdapterStack.Empty, encoded, cancellation);
        var after = scorer.Score(AdapterStack.Of(trained.Adapter), encoded, cancellation);
        return [.. before.Zip(after, (b, a) => b.Nll - a.Nll)];
    }
}
