using System.Text;
using PersonaTune.Device.Consent;
using PersonaTune.Device.Imaging;
using PersonaTune.Device.Personalization;
using PersonaTune.Device.Photos;
using PersonaTune.Device.Storage;
using PersonaTune.Device.Tests.Storage;
using PersonaTune.Engine.Vision;

namespace PersonaTune.Device.Tests.Photos;

/// <summary>The photo labeler on the shipped encoder and the example's pictures.</summary>
public sealed class PhotoLabelerTests : IDisposable
{
    private const string User = "ada";
    private static readonly string Pictures = Path.Combine(SharedData.SolutionRoot, "examples", "PhotoLabels", "pictures");
    private static readonly Lazy<PhotoEncoder> Encoder = new(() => PhotoEncoder.Open(Path.Combine(SharedData.SolutionRoot, "models", "photo-base-q8_0.gguf")));

    private readonly StoreFolder _folder = new();

    [Fact]
    public async Task Labels_are_taught_suggested_and_survive_a_restart()
    {
        string? before;
        using (var store = await _folder.OpenAsync())
        using (var labeler = Create(store))
        {
            Assert.Null((await labeler.SuggestAsync(User, Picture("test/my mug/01.jpg"))).Best);
            await TeachAsync(labeler, "my mug", "our garden", "the beach");
            Assert.All(await labeler.LabelsAsync(User), label => Assert.Equal((4, false), (label.Photos, label.Learned)));
            var report = await labeler.TrainAsync(User);
            Assert.Equal((12, 3, 3), (report.Photos, report.Labels, report.HeldOut));
            Assert.All(await labeler.LabelsAsync(User), label => Assert.True(label.Learned));
            var right = 0;
            foreach (var name in new[] { "my mug", "our garden", "the beach" })
                foreach (var (_, image) in Folder("test", name))
                {
                    var suggestion = await labeler.SuggestAsync(User, image);
                    right += suggestion.Labels[0].Label == name ? 1 : 0;
                    Assert.Equal(1, suggestion.Labels.Sum(label => label.Probability) + suggestion.Unknown, 1e-4);
                }

            Assert.InRange(right, 17, 18);
            before = (await labeler.SuggestAsync(User, Picture("test/my mug/01.jpg"))).ToString();
        }

        using (var store = await _folder.OpenAsync())
        using (var labeler = Create(store))
            Assert.Equal(before, (await labeler.SuggestAsync(User, Picture("test/my mug/01.jpg"))).ToString());
    }

    [Fact]
    public async Task Training_again_without_forgotten_pictures_is_exact()
    {
        using var time = new StepTime();
        byte[] never, forgotten;
        using (var store = await _folder.OpenAsync())
        using (var labeler = Create(store, time: time))
        {
            await TeachAsync(labeler, "my mug", "our garden");
            await labeler.TrainAsync(User);
            never = Weights(await labeler.ExportAsync(User));
            var extra = await labeler.TeachAsync(User, "my mug", Folder("test", "my mug"));
            await TeachAsync(labeler, "our cat");
            await labeler.TrainAsync(User);
            Assert.NotEqual(never, Weights(await labeler.ExportAsync(User)));

            Assert.Equal(6, await labeler.ForgetPhotosAsync(User, extra.ToArray()));
            Assert.Null(await labeler.ExportAsync(User));
            Assert.Null((await labeler.SuggestAsync(User, Picture("test/my mug/01.jpg"))).Best);
            Assert.Equal(4, await labeler.ForgetLabelAsync(User, "our cat"));
            await labeler.TrainAsync(User);
            forgotten = Weights(await labeler.ExportAsync(User));
        }

        Assert.Equal(never, forgotten);
    }

    [Fact]
    public async Task A_model_goes_with_its_pictures_however_they_are_deleted()
    {
        using var store = await _folder.OpenAsync();
        IReadOnlyList<RecordId> ids;
        using (var labeler = Create(store))
        {
            ids = await labeler.TeachAsync(User, "my mug", Folder("teach", "my mug"));
            await TeachAsync(labeler, "our garden");
            await labeler.TrainAsync(User);
            // By the store itself, while the labeler lives.
            await store.Examples.DeleteAsync(User, "photos", [ids[0]]);
            Assert.Null((await labeler.SuggestAsync(User, Picture("test/my mug/01.jpg"))).Best);
            Assert.Null(await labeler.ExportAsync(User));
            await labeler.TrainAsync(User);
        }

        // As if the process had died between deletion and erasure.
        await store.Examples.DeleteAsync(User, "photos", [ids[1]]);
        using (var labeler = Create(store))
        {
            await labeler.UseAsync(User);
            Assert.Null(labeler.Lineage);
            Assert.Null(await labeler.ExportAsync(User));
            Assert.Equal(2, (await labeler.LabelsAsync(User)).Single(label => label.Name == "my mug").Photos);
        }

        await store.ForgetAsync(User);
        using (var labeler = Create(store)) Assert.Empty(await labeler.LabelsAsync(User));
    }

    [Fact]
    public async Task Renaming_keeps_the_model_and_merging_erases_it()
    {
        using var store = await _folder.OpenAsync();
        using var labeler = Create(store);
        await TeachAsync(labeler, "my mug", "our garden", "the beach");
        await labeler.TrainAsync(User);
        var model = await labeler.ExportAsync(User);
        await labeler.RenameAsync(User, "our garden", "grandma's garden");
        Assert.Equal(model, await labeler.ExportAsync(User));
        Assert.Equal("grandma's garden", (await labeler.SuggestAsync(User, Picture("test/our garden/01.jpg"))).Labels[0].Label);
        Assert.Contains("merge", (await Assert.ThrowsAsync<PhotoLabelException>(() => labeler.RenameAsync(User, "my mug", "the beach"))).Message, StringComparison.Ordinal);

        await labeler.MergeAsync(User, "the beach", "grandma's garden");
        Assert.Null(await labeler.ExportAsync(User));
        await labeler.RenameAsync(User, "grandma's garden", "outside");
        await labeler.TrainAsync(User);
        Assert.Equal(["my mug", "outside"], (await labeler.LabelsAsync(User)).Select(label => label.Name));
        Assert.Equal(8, (await labeler.LabelsAsync(User)).Single(label => label.Name == "outside").Photos);
        Assert.Equal("outside", (await labeler.SuggestAsync(User, Picture("test/the beach/02.jpg"))).Labels[0].Label);

        // Of a merged label everything is forgotten, whichever name it was taught under.
        Assert.Equal(8, await labeler.ForgetLabelAsync(User, "outside"));
        Assert.Equal(4, (await labeler.PhotosAsync(User)).Count);
        await Assert.ThrowsAsync<PhotoLabelException>(() => labeler.MergeAsync(User, "my mug", "my mug"));
        await Assert.ThrowsAsync<PhotoLabelException>(() => labeler.ForgetLabelAsync(User, "outside"));
    }

    [Fact]
    public async Task Search_finds_the_same_things_first()
    {
        using var store = await _folder.OpenAsync();
        using var labeler = Create(store);
        Assert.Empty(await labeler.SearchAsync(User, Picture("test/my mug/01.jpg")));
        await TeachAsync(labeler, "our garden", "the beach");
        await labeler.RememberAsync(User, Folder("teach", "our cat"));
        var matches = await labeler.SearchAsync(User, Picture("test/the beach/03.jpg"), 3);
        Assert.Equal(3, matches.Count);
        Assert.Equal("the beach", matches[0].Label);
        Assert.True(matches[0].Similarity >= matches[1].Similarity);
        Assert.Contains(await labeler.SearchAsync(User, Picture("teach/our cat/01.jpg"), 1), match => match is { Label: null, Name: "01.jpg", Similarity: > 0.999 });
        // What is only remembered is no label.
        Assert.Equal(2, (await labeler.TrainAsync(User)).Labels);
    }

    [Fact]
    public async Task Embeddings_alone_teach_a_head()
    {
        using var store = await _folder.OpenAsync();
        using var labeler = Create(store, new PhotoLabelerOptions { KeepPixels = false });
        await TeachAsync(labeler, "my mug", "our garden", "the beach");
        Assert.All(await labeler.PhotosAsync(User), photo => Assert.False(photo.HasPixels));
        var report = await labeler.TrainAsync(User);
        Assert.False(report.UsesAdapter);
        Assert.Contains("pixels", report.Reason, StringComparison.Ordinal);
        Assert.Equal("the beach", (await labeler.SuggestAsync(User, Picture("test/the beach/02.jpg"))).Labels[0].Label);
    }

    [Fact]
    public async Task Nothing_of_it_lies_in_the_clear()
    {
        using (var store = await _folder.OpenAsync())
        using (var labeler = Create(store))
        {
            await labeler.TeachAsync(User, "Kleinod-4711", [("holiday-in-Porto.jpg", new RgbImage(32, 32, [.. Enumerable.Repeat((byte)0xA7, 32 * 32 * 3)]))]);
            await TeachAsync(labeler, "the beach");
            await labeler.TrainAsync(User);
        }

        foreach (var file in Directory.GetFiles(_folder.Store))
        {
            var bytes = await File.ReadAllBytesAsync(file);
            foreach (var secret in new[] { Encoding.UTF8.GetBytes("Kleinod"), Encoding.UTF8.GetBytes("Porto"), Enumerable.Repeat((byte)0xA7, 16).ToArray(), Encoding.UTF8.GetBytes("head.means") })
                Assert.True(bytes.AsSpan().IndexOf(secret) < 0, $"{Path.GetFileName(file)} shows what should be sealed");
        }
    }

    [Fact]
    public async Task Training_needs_consent_and_pictures()
    {
        using var store = await _folder.OpenAsync();
        var consent = new ConsentPolicy(new ConsentLedger(store, TimeProvider.System), ConsentMode.Explicit, TimeProvider.System);
        using var labeler = new PhotoLabeler(Encoder.Value, TestModel.Pool, store, null, consent);
        await Assert.ThrowsAsync<ConsentRequiredException>(() => labeler.TrainAsync(User));
        using var free = Create(store);
        Assert.Contains("teach one first", (await Assert.ThrowsAsync<PhotoLabelException>(() => free.TrainAsync(User))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentException>(() => free.TeachAsync(User, " ", Folder("teach", "my mug")));
        await Assert.ThrowsAsync<ArgumentException>(() => free.TeachAsync(User, "x", []));
        Assert.Throws<ArgumentException>(() => Create(store, new PhotoLabelerOptions { Training = new PhotoTrainingOptions { Rank = 0 } }));
    }

    [Fact]
    public async Task One_label_alone_is_learned_without_contrast()
    {
        using var store = await _folder.OpenAsync();
        using var labeler = Create(store);
        await labeler.TeachAsync(User, "my mug", [Folder("teach", "my mug")[0]]);
        var report = await labeler.TrainAsync(User);
        Assert.Equal((1, false), (report.Labels, report.UsesAdapter));
        Assert.Equal("my mug", (await labeler.SuggestAsync(User, Picture("teach/my mug/01.jpg"))).Best);
    }

    [Fact]
    public async Task Another_encoders_model_and_a_damaged_one_are_refused()
    {
        using var store = await _folder.OpenAsync();
        using var labeler = Create(store);
        await TeachAsync(labeler, "my mug", "the beach");
        await labeler.TrainAsync(User);
        var model = (await labeler.ExportAsync(User))!;
        var (result, _) = PhotoModelFile.Read(model, Encoder.Value);
        Assert.Equal(2, result.Head.Labels);
        using var other = PhotoEncoder.Open(SharedData.Reference("vision", "photo-base-f16.gguf"));
        Assert.Throws<Engine.Lora.AdapterMismatchException>(() => PhotoModelFile.Read(model, other));
        var random = new Random(3);
        for (var round = 0; round < 300; round++)
        {
            var bytes = (byte[])model.Clone();
            bytes[random.Next(3000)] ^= (byte)(1 << random.Next(8));
            try
            {
                PhotoModelFile.Read(bytes, Encoder.Value);
            }
            catch (Engine.EngineException)
            {
                // Refused by name.
            }
        }
    }

    public void Dispose() => _folder.Dispose();

    private static PhotoLabeler Create(SealedStore store, PhotoLabelerOptions? options = null, TimeProvider? time = null) =>
        new(Encoder.Value, TestModel.Pool, store, options, time: time);

    private static RgbImage Picture(string path) => ImageFile.Decode(File.ReadAllBytes(Path.Combine(Pictures, path)));

    private static (string Name, RgbImage Image)[] Folder(string set, string label) =>
        [.. Directory.GetFiles(Path.Combine(Pictures, set, label)).Order(StringComparer.Ordinal).Select(path => (Path.GetFileName(path), ImageFile.Decode(File.ReadAllBytes(path))))];

    private static async Task TeachAsync(PhotoLabeler labeler, params string[] labels)
    {
        foreach (var label in labels) await labeler.TeachAsync(User, label, Folder("teach", label));
    }

    // The tensors alone: label identities and times differ.
    private static byte[] Weights(byte[]? model)
    {
        var (result, _) = PhotoModelFile.Read(model, Encoder.Value);
        return PhotoModelFile.Write(result, Encoder.Value.Digest);
    }

    private sealed class StepTime : TimeProvider, IDisposable
    {
        private long _ticks = StoreFolder.Noon.UtcTicks;

        public override DateTimeOffset GetUtcNow() => new(Interlocked.Add(ref _ticks, TimeSpan.TicksPerSecond), TimeSpan.Zero);

        public void Dispose()
        {
        }
    }
}
