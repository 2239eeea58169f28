using System.Diagnostics;
using System.Globalization;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Vision;

namespace PersonaTune.Bench;

/// <summary>Picture encoders and label learning: faces by few pictures, digits of single writers, time and memory a photo.</summary>
internal static class PhotoBench
{
    public static int Run(string[] args)
    {
        switch (args)
        {
            case ["photos", "faces", var model, .. var rest]:
                Faces(model, rest.Length > 0 ? int.Parse(rest[0], CultureInfo.InvariantCulture) : 5, 0);
                return 0;
            case ["photos", "strangers", var model, .. var rest]:
                Faces(model, rest.Length > 0 ? int.Parse(rest[0], CultureInfo.InvariantCulture) : 5, 10);
                return 0;
            case ["photos", "digits", var model, .. var rest]:
                Digits(model, rest.Length > 0 ? int.Parse(rest[0], CultureInfo.InvariantCulture) : 120);
                return 0;
            case ["photos", "speed", .. var models]:
                foreach (var model in models.Length > 0 ? models : ["small", "large", "photo-base"]) Speed(model);
                return 0;
            case ["photos", "decode", .. var files]:
                foreach (var file in files) Decode(file);
                return 0;
            default:
                Console.Error.WriteLine("usage: photos faces|strangers|digits small|large|photo-base [seeds|writers] | photos speed [models] | photos decode files");
                return 2;
        }
    }

    // Of the people, the last `strangers` (by seed) are not taught; their pictures should be unknown.
    private static void Faces(string model, int seeds, int strangers)
    {
        using var pool = new WorkerPool();
        using var encoder = PhotoEncoder.Open(PhotoData.Model(model));
        Console.WriteLine($"{model}: {encoder.Description}; {40 - strangers} people taught, {strangers} strangers, {seeds} seeds");
        var pictures = PhotoData.Faces().Select(person => person.Select(image => encoder.Transform.Apply(image, PhotoFraming.Whole)).ToArray()).ToArray();
        using var frozen = encoder.CreateSession(pool);
        var embeddings = pictures.Select(person => person.Select(picture => frozen.Embed(picture)).ToArray()).ToArray();
        foreach (var shots in new[] { 1, 3, 5 })
        {
            var rows = new List<(double Centroid, double Head, double Lora, double Seconds, double Error, double KnownUnknown, double StrangerUnknown)>();
            for (var seed = 0; seed < seeds; seed++)
            {
                var random = new Random(seed);
                var people = Enumerable.Range(0, 40).ToArray();
                if (strangers > 0) random.Shuffle(people);
                var taught = people[..(40 - strangers)];
                var order = people.Select(_ => Enumerable.Range(0, 10).ToArray()).ToArray();
                foreach (var shuffled in order) random.Shuffle(shuffled);
                var train = taught.SelectMany((person, label) => order[label][..shots].Select(i => new PhotoExample(pictures[person][i], label))).ToArray();
                var test = people.SelectMany((person, label) => order[label][shots..].Select(i => (Person: person, Picture: i, Label: label < taught.Length ? label : -1))).ToArray();
                var known = test.Where(entry => entry.Label >= 0).ToArray();

                var centroids = taught.Select((person, label) => Mean([.. order[label][..shots].Select(i => embeddings[person][i])])).ToArray();
                var centroid = known.Count(entry => Nearest(centroids, embeddings[entry.Person][entry.Picture]) == entry.Label) / (double)known.Length;
                var (head, _, _, _) = Score(encoder, pool, PhotoTrainer.Train(encoder, pool, train, taught.Length, new PhotoTrainingOptions { Layers = 0 }), pictures, test);
                var watch = Stopwatch.StartNew();
                var adapted = PhotoTrainer.Train(encoder, pool, train, taught.Length);
                var seconds = watch.Elapsed.TotalSeconds;
                var (lora, error, knownUnknown, strangerUnknown) = Score(encoder, pool, adapted, pictures, test);
                rows.Add((centroid, head, lora, seconds, error, knownUnknown, strangerUnknown));
            }

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{shots} shots: nearest centroid {rows.Average(r => r.Centroid):P1}, head alone {rows.Average(r => r.Head):P1}, LoRA + head {rows.Average(r => r.Lora):P1} [{string.Join(' ', rows.Select(r => r.Lora.ToString("P1", CultureInfo.InvariantCulture)))}], "
                + $"training {rows.Average(r => r.Seconds):F1} s, calibration error {rows.Average(r => r.Error):P1}, known called unknown {rows.Average(r => r.KnownUnknown):P1}, strangers called unknown {rows.Average(r => r.StrangerUnknown):P1}"));
        }
    }

    // Accuracy, expected calibration error in ten bins, share of known and of strangers that are called unknown.
    private static (double Accuracy, double Error, double KnownUnknown, double StrangerUnknown) Score(PhotoEncoder encoder, WorkerPool pool, PhotoTrainingResult model,
        byte[][][] pictures, (int Person, int Picture, int Label)[] test)
    {
        using var session = encoder.CreateSession(pool, model.Adapter);
        var bins = new (int Count, double Confidence, int Right)[10];
        var (right, known, unknown, strangers, rejected) = (0, 0, 0, 0, 0);
        foreach (var (person, picture, label) in test)
        {
            var pixels = pictures[person][picture];
            var scores = model.Head.Score([session.Embed(pixels), session.Embed(PhotoEncoder.Mirror(pixels, encoder.Transform.Side))]);
            if (label < 0)
            {
                strangers++;
                rejected += scores.IsUnknown ? 1 : 0;
                continue;
            }

            known++;
            unknown += scores.IsUnknown ? 1 : 0;
            right += scores.Best == label ? 1 : 0;
            var confidence = scores.Probabilities[scores.Best] / (1 - scores.Unknown);
            ref var bin = ref bins[Math.Min(9, (int)(confidence * 10))];
            bin = (bin.Count + 1, bin.Confidence + confidence, bin.Right + (scores.Best == label ? 1 : 0));
        }

        return (right / (double)known, bins.Sum(bin => Math.Abs(bin.Confidence - bin.Right)) / known, unknown / (double)known, strangers == 0 ? 0 : rejected / (double)strangers);
    }

    // A model of 50 digits of each kind by other writers, as an application would ship it; then half of a writer's digits teach, the other half test.
    private static void Digits(string model, int writers)
    {
        using var pool = new WorkerPool();
        using var encoder = PhotoEncoder.Open(PhotoData.Model(model));
        var digits = PhotoData.Digits();
        var groups = digits.Select((digit, index) => (digit.Writer, Index: index)).GroupBy(entry => entry.Writer, entry => entry.Index).Where(group => group.Count() >= 60).OrderBy(group => group.Key).Select(group => group.ToArray()).ToArray();
        PhotoExample Example(int i) => new(encoder.Transform.Apply(digits[i].Image, PhotoFraming.Whole), digits[i].Label);
        var others = groups.Skip(writers).SelectMany(group => group).ToArray();
        new Random(1).Shuffle(others);
        var shipped = Enumerable.Range(0, 10).SelectMany(label => others.Where(i => digits[i].Label == label).Take(50)).Select(Example).ToArray();
        var options = new PhotoTrainingOptions { Views = 1, Mirror = false, Epochs = 8, LearningRate = 2e-3f, Layers = 13, BatchSize = 32 };
        var watch = Stopwatch.StartNew();
        var before = PhotoTrainer.Train(encoder, pool, shipped, 10, options);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{model}: 500 digits of other writers in {watch.Elapsed.TotalSeconds:F1} s; {writers} writers, half of each writer's digits teach, half test"));
        var (rows, done) = (new List<(double Before, double After)>(), 0);
        watch.Restart();
        foreach (var group in groups.Take(writers))
        {
            var own = group[..(group.Length / 2)].Select(Example).ToArray();
            var test = group[(group.Length / 2)..].Select(Example).ToArray();
            // The writer's own digits count three times.
            var after = PhotoTrainer.Train(encoder, pool, [.. shipped, .. own, .. own, .. own], 10, options with { Epochs = 2, LearningRate = 1e-3f }, before.Adapter);
            rows.Add((Accuracy(encoder, pool, before, test), Accuracy(encoder, pool, after, test)));
            if (++done % 20 == 0) Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {done}: {rows.Average(row => row.Before):P2} -> {rows.Average(row => row.After):P2}"));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"accuracy a writer, mean of {rows.Count}: before {rows.Average(row => row.Before):P2}, after {rows.Average(row => row.After):P2}; better {rows.Count(row => row.After > row.Before)}, the same {rows.Count(row => row.After == row.Before)}, worse {rows.Count(row => row.After < row.Before)}; {watch.Elapsed.TotalSeconds / rows.Count:F1} s a writer"));
    }

    private static double Accuracy(PhotoEncoder encoder, WorkerPool pool, PhotoTrainingResult model, PhotoExample[] test)
    {
        using var session = encoder.CreateSession(pool, model.Adapter);
        return test.Count(example => model.Head.Score(session.Embed(example.Pixels)).Best == example.Label) / (double)test.Length;
    }

    private static void Speed(string model)
    {
        foreach (var threads in new[] { 1, 2 })
        {
            using var pool = new WorkerPool(threads);
            using var encoder = PhotoEncoder.Open(PhotoData.Model(model));
            var pixels = new byte[encoder.Transform.Side * encoder.Transform.Side * 3];
            new Random(1).NextBytes(pixels);
            using var frozen = encoder.CreateSession(pool);
            var adapter = new PhotoTrainingOptions().CreateAdapter(encoder)!;
            using var adapted = encoder.CreateSession(pool, adapter);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{model}, {threads} threads: frozen {Median(() => frozen.Embed(pixels)):F2} ms a photo, with LoRA on {adapter.Pairs().Count()} layers {Median(() => adapted.Embed(pixels)):F2} ms; buffers {frozen.Bytes / 1048576.0:F1} and {adapted.Bytes / 1048576.0:F1} MiB, resident beside the file {encoder.ResidentBytes / 1048576.0:F1} MiB"));
        }
    }

    private static void Decode(string file)
    {
        var bytes = File.ReadAllBytes(file);
        var image = Device.Imaging.ImageFile.Decode(bytes, file);
        var transform = new PhotoTransform(224, 0.875);
        var (decode, crop) = (Median(() => Device.Imaging.ImageFile.Decode(bytes, file), 11), Median(() => transform.Apply(image), 11));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{file}: {image.Width} x {image.Height}, {bytes.Length / 1048576.0:F1} MiB, decoded in {decode:F0} ms, cropped and resampled to 224 in {crop:F0} ms"));
    }

    private static double Median<T>(Func<T> action, int runs = 101)
    {
        for (var i = 0; i < runs / 2; i++) action();
        var times = new double[runs];
        for (var i = 0; i < times.Length; i++)
        {
            var start = Stopwatch.GetTimestamp();
            action();
            times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        Array.Sort(times);
        return times[runs / 2];
    }

    private static float[] Mean(float[][] vectors)
    {
        var mean = new float[vectors[0].Length];
        foreach (var vector in vectors)
            for (var i = 0; i < mean.Length; i++) mean[i] += vector[i] / vectors.Length;
        return mean;
    }

    private static int Nearest(float[][] centroids, float[] embedding)
    {
        var best = (Distance: double.PositiveInfinity, Index: -1);
        for (var c = 0; c < centroids.Length; c++)
        {
            double distance = 0;
            for (var i = 0; i < embedding.Length; i++) distance += (centroids[c][i] - embedding[i]) * (centroids[c][i] - embedding[i]);
            if (distance < best.Distance) best = (distance, c);
        }

        return best.Index;
    }
}
