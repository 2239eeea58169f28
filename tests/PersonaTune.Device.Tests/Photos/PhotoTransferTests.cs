using System.Text;
using PersonaTune.Device.Adapters;
using PersonaTune.Device.Imaging;
using PersonaTune.Device.Photos;
using PersonaTune.Device.Storage;
using PersonaTune.Device.Tests.Storage;
using PersonaTune.Engine.Kernels;
using PersonaTune.Engine.Vision;
using PersonaTune.Privacy.Sealing;
using PersonaTune.Privacy.Signing;

namespace PersonaTune.Device.Tests.Photos;

/// <summary>Learned labels between two devices: what arrives, and everything that is refused before it is stored.</summary>
public sealed class PhotoTransferTests : IDisposable
{
    private const string User = "ada";
    private static readonly string Pictures = Path.Combine(SharedData.SolutionRoot, "examples", "PhotoLabels", "pictures");
    private static readonly Lazy<PhotoEncoder> Encoder = new(() => PhotoEncoder.Open(Path.Combine(SharedData.SolutionRoot, "models", "photo-base-q8_0.gguf")));
    private static readonly AdapterExportOptions Terms = new() { Name = "ada.photos", Version = 3, Audience = "photos" };

    private readonly StoreFolder _first = new();
    private readonly StoreFolder _second = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_sealed_bundle_predicts_bit_by_bit_what_its_exporter_does(bool lora)
    {
        using var source = await _first.OpenAsync();
        using var target = await _second.OpenAsync();
        using var key = await TransferKey.OpenAsync(target);
        using var exporter = Create(source, lora);
        await LearnAsync(exporter);
        var bundle = await BundleAsync(exporter, source, Terms with { Recipient = key.PublicKey });
        Assert.True(bundle.AsSpan().IndexOf("our garden"u8) < 0);

        using var pool = new WorkerPool(1);
        using (var importer = new PhotoLabeler(Encoder.Value, pool, target))
        {
            var report = await ImportAsync(importer, target, bundle, Trust(source), key);
            Assert.Equal(["my mug", "our garden", "the beach"], report.Labels.Order(StringComparer.Ordinal));
            Assert.Equal((lora, "ada.photos", 3, "CN=first"), (report.UsesAdapter, report.Origin.Name, report.Origin.Version, report.Origin.SignerName));
            Assert.Equal(Tensors(await exporter.ExportAsync(User)), Tensors(await importer.ExportAsync(User)));
            Assert.All(await importer.LabelsAsync(User), label => Assert.Equal((0, true), (label.Photos, label.Learned)));
            Assert.Empty(await importer.PhotosAsync(User));
            await SameAsync(exporter, importer);
        }

        // After a restart too, and renaming reaches an imported label.
        using (var importer = new PhotoLabeler(Encoder.Value, pool, target))
        {
            await SameAsync(exporter, importer);
            Assert.Equal("ada.photos", importer.Lineage!.Origin!.Name);
            await importer.RenameAsync(User, "the beach", "Costa");
            Assert.Equal("Costa", (await importer.SuggestAsync(User, Picture("test/the beach/02.jpg"))).Labels[0].Label);
        }
    }

    [Fact]
    public async Task No_picture_no_embedding_and_no_identity_travels()
    {
        using var source = await _first.OpenAsync();
        using var exporter = Create(source);
        await LearnAsync(exporter);
        var bundle = await BundleAsync(exporter, source, Terms);
        Assert.True(bundle.AsSpan().IndexOf("our garden"u8) > 0);
        foreach (var photo in await exporter.PhotosAsync(User))
        {
            Assert.True(bundle.AsSpan().IndexOf(Encoding.UTF8.GetBytes(photo.Id.ToString())) < 0);
            Assert.True(bundle.AsSpan().IndexOf(Encoding.UTF8.GetBytes(photo.Name)) < 0);
        }

        using var session = Encoder.Value.CreateSession(TestModel.Pool);
        foreach (var (_, image) in Folder("teach", "our garden"))
        {
            var prepared = Encoder.Value.Transform.Apply(image);
            Assert.True(bundle.AsSpan().IndexOf(prepared.AsSpan(0, 48)) < 0);
            var embedding = session.Embed(prepared);
            foreach (var vector in new[] { embedding, Encoder.Value.Direction(embedding) })
                Assert.True(bundle.AsSpan().IndexOf(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(vector)[..16]) < 0);
        }

        using var file = new MemoryStream(bundle);
        using var reader = BundleReader.Open(file, new BundleVerifier(Trust(source), new MemoryTrustState()));
        Assert.Equal(["head.biases", "head.calibration", "head.centre", "head.means", "head.weights", "labels"], reader.Manifest.Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Every_changed_byte_and_every_shortening_is_refused_and_nothing_is_stored()
    {
        using var source = await _first.OpenAsync();
        using var target = await _second.OpenAsync();
        using var exporter = Create(source);
        using var importer = Create(target);
        await LearnAsync(exporter);
        var (bundle, trust) = (await BundleAsync(exporter, source, Terms), Trust(source));
        var state = await SealedTrustState.OpenAsync(target);
        var random = new Random(5);
        for (var round = 0; round < 120; round++)
        {
            var bytes = (byte[])bundle.Clone();
            bytes[round < 60 ? random.Next(4_000) : random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            await Assert.ThrowsAsync<SigningException>(() => ImportAsync(importer, target, bytes, trust, state: state));
        }

        foreach (var length in new[] { 0, 7, 27, 28, 900, bundle.Length / 2, bundle.Length - 1 })
            await Assert.ThrowsAsync<SigningException>(() => ImportAsync(importer, target, bundle[..length], trust, state: state));
        await Assert.ThrowsAsync<SigningException>(() => ImportAsync(importer, target, [.. bundle, 0], trust, state: state));
        Assert.Empty(await importer.LabelsAsync(User));
        Assert.Null(await importer.ExportAsync(User));
        Assert.Null(state.Find("ada.photos"));
        await ImportAsync(importer, target, bundle, trust, state: state);
        await SameAsync(exporter, importer);
    }

    [Fact]
    public async Task Policy_is_enforced_with_a_typed_reason_and_the_present_labels_stay()
    {
        using var source = await _first.OpenAsync();
        using var target = await _second.OpenAsync();
        using var exporter = Create(source);
        using var importer = Create(target);
        using var own = await TransferKey.OpenAsync(target);
        using var stranger = HpkeKeyPair.Generate();
        await LearnAsync(exporter);
        var trust = Trust(source);
        await ImportAsync(importer, target, await BundleAsync(exporter, source, Terms), trust);
        var before = await importer.ExportAsync(User);

        Assert.Equal(SigningFault.Rollback, await FaultAsync(Terms with { Version = 2 }, trust));
        Assert.Equal(SigningFault.Conflict, await FaultAsync(Terms with { PrivacyStatement = "other" }, trust));
        Assert.Equal(SigningFault.WrongAudience, await FaultAsync(Terms with { Version = 4, Audience = "keyboard" }, trust));
        Assert.Equal(SigningFault.Expired, await FaultAsync(Terms with { Version = 4, Validity = TimeSpan.FromHours(1) }, trust, hours: 2));
        Assert.Equal(SigningFault.NotYetValid, await FaultAsync(Terms with { Version = 4 }, trust, made: new FixedClock(TimeSpan.FromHours(2))));
        Assert.Equal(SigningFault.RevokedKey, await FaultAsync(Terms with { Version = 4 }, trust with { RevokedKeys = trust.PinnedKeys }));
        Assert.Equal(SigningFault.RevokedAdapter, await FaultAsync(Terms with { Version = 4 }, trust with { RevokedAdapters = ["ada.photos"] }));
        Assert.Equal(SigningFault.UntrustedSigner, await FaultAsync(Terms with { Version = 4 }, trust with { PinnedKeys = [] }));
        var foreign = await BundleAsync(exporter, source, Terms with { Version = 4, Recipient = stranger.PublicKey });
        await Assert.ThrowsAnyAsync<SealException>(() => ImportAsync(importer, target, foreign, trust, own, replace: true));
        Assert.Equal(SigningFault.Malformed, (await Assert.ThrowsAsync<SigningException>(() => ImportAsync(importer, target, foreign, trust, replace: true))).Fault);
        Assert.Equal(before, await importer.ExportAsync(User));
        using var restarted = Create(target);
        Assert.Equal(before, await restarted.ExportAsync(User));
        Assert.Equal(3, (await SealedTrustState.OpenAsync(target)).Find("ada.photos")!.Value.Version);

        async Task<SigningFault> FaultAsync(AdapterExportOptions terms, TrustStore store, int hours = 0, TimeProvider? made = null)
        {
            var bundle = await BundleAsync(exporter, source, terms, made);
            return (await Assert.ThrowsAsync<SigningException>(() => ImportAsync(importer, target, bundle, store, hours: hours, replace: true))).Fault;
        }
    }

    [Fact]
    public async Task Another_encoder_framing_or_kind_is_refused_before_it_counts_as_seen()
    {
        using var source = await _first.OpenAsync();
        using var target = await _second.OpenAsync();
        using var exporter = Create(source);
        await LearnAsync(exporter);
        var (bundle, trust) = (await BundleAsync(exporter, source, Terms), Trust(source));
        using var encoder = PhotoEncoder.Open(SharedData.Reference("vision", "photo-base-f16.gguf"));
        using (var other = new PhotoLabeler(encoder, TestModel.Pool, target))
        {
            var error = await Assert.ThrowsAsync<PhotoImportException>(() => ImportAsync(other, target, bundle, trust));
            Assert.Equal(PhotoImportFault.WrongEncoder, error.Fault);
            Assert.Contains(Encoder.Value.Digest, error.Message, StringComparison.Ordinal);
            Assert.Contains(encoder.Digest, error.Message, StringComparison.Ordinal);
        }

        using (var whole = new PhotoLabeler(Encoder.Value, TestModel.Pool, target, new PhotoLabelerOptions { Framing = PhotoFraming.Whole }))
            Assert.Equal(PhotoImportFault.WrongFraming, (await Assert.ThrowsAsync<PhotoImportException>(() => ImportAsync(whole, target, bundle, trust))).Fault);

        using var importer = Create(target);
        foreach (var forged in Forgeries(bundle, trust))
            Assert.Equal(PhotoImportFault.Unsupported, (await Assert.ThrowsAsync<PhotoImportException>(() => ImportAsync(importer, target, Sign(source, forged.Manifest, forged.Payload), trust))).Fault);
        Assert.Empty(await importer.LabelsAsync(User));
        Assert.Null(await importer.ExportAsync(User));
        Assert.Null((await SealedTrustState.OpenAsync(target)).Find("ada.photos"));
    }

    [Fact]
    public async Task Own_labels_are_kept_and_replaced_only_on_demand()
    {
        using var source = await _first.OpenAsync();
        using var target = await _second.OpenAsync();
        using var exporter = Create(source);
        using var importer = Create(target);
        await LearnAsync(exporter);
        var (bundle, trust) = (await BundleAsync(exporter, source, Terms), Trust(source));
        await importer.TeachAsync(User, "our cat", Folder("teach", "our cat"));
        await importer.TeachAsync(User, "my mug", Folder("teach", "my mug"));
        var refused = await Assert.ThrowsAsync<PhotoImportException>(() => ImportAsync(importer, target, bundle, trust));
        Assert.Equal(PhotoImportFault.LabelsExist, refused.Fault);
        await importer.TrainAsync(User);
        var own = await importer.ExportAsync(User);
        Assert.Equal(PhotoImportFault.LabelsExist, (await Assert.ThrowsAsync<PhotoImportException>(() => ImportAsync(importer, target, bundle, trust))).Fault);
        Assert.Equal(own, await importer.ExportAsync(User));

        await ImportAsync(importer, target, bundle, trust, replace: true);
        await SameAsync(exporter, importer);
        Assert.Equal(PhotoImportFault.AlreadyImported, (await Assert.ThrowsAsync<PhotoImportException>(() => ImportAsync(importer, target, bundle, trust, replace: true))).Fault);
        Assert.Equal([("my mug", 4, true), ("our cat", 4, false), ("our garden", 0, true), ("the beach", 0, true)], (await importer.LabelsAsync(User)).Select(label => (label.Name, label.Photos, label.Learned)));

        // Training would lose two labels; with pictures of one and without the other it does not.
        var error = await Assert.ThrowsAsync<PhotoLabelException>(() => importer.TrainAsync(User));
        Assert.Contains("'our garden', 'the beach'", Sorted(error.Message), StringComparison.Ordinal);
        await importer.TeachAsync(User, "the beach", Folder("teach", "the beach"));
        Assert.Contains("lose 1 labels", (await Assert.ThrowsAsync<PhotoLabelException>(() => importer.TrainAsync(User))).Message, StringComparison.Ordinal);
        await SameAsync(exporter, importer);
        Assert.Equal(0, await importer.ForgetLabelAsync(User, "our garden"));
        Assert.Null(await importer.ExportAsync(User));
        Assert.Equal(3, (await importer.TrainAsync(User)).Labels);
        Assert.Null(importer.Lineage!.Origin);

        static string Sorted(string message) => message.Replace("'the beach', 'our garden'", "'our garden', 'the beach'", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Expiry_and_revocation_reach_what_was_imported_and_what_is_passed_on()
    {
        using var source = await _first.OpenAsync();
        using var target = await _second.OpenAsync();
        using var exporter = Create(source);
        using var importer = Create(target);
        await LearnAsync(exporter);
        var trust = Trust(source);
        var (bundle, clock) = (await BundleAsync(exporter, source, Terms with { Validity = TimeSpan.FromDays(2) }), new FixedClock(TimeSpan.Zero));
        await ImportAsync(importer, target, bundle, trust);
        var transfer = new PhotoTransfer(importer, clock);
        Assert.False(await transfer.EnforceAsync(User, trust));

        // Passed on, it ends when it would have ended.
        var passed = await BundleAsync(importer, target, Terms with { Name = "again" }, clock);
        using (var reader = BundleReader.Open(new MemoryStream(passed), new BundleVerifier(Trust(target), new MemoryTrustState())))
            Assert.Equal(importer.Lineage!.Origin!.NotAfter, reader.Manifest.NotAfter);
        clock.Now += TimeSpan.FromDays(3);
        Assert.Contains("valid until", (await Assert.ThrowsAsync<PhotoLabelException>(() => BundleAsync(importer, target, Terms, clock))).Message, StringComparison.Ordinal);

        Assert.True(await transfer.EnforceAsync(User));
        Assert.False(await transfer.EnforceAsync(User));
        Assert.Null((await importer.SuggestAsync(User, Picture("test/my mug/01.jpg"))).Best);
        foreach (var revoked in new[] { trust with { RevokedKeys = trust.PinnedKeys }, trust with { RevokedAdapters = ["ada.photos"] }, trust with { MinimumVersions = new Dictionary<string, long> { ["ada.photos"] = 4 } } })
        {
            // The labels are names alone by now, which do not stand in the way.
            await ImportAsync(importer, target, bundle, trust);
            Assert.True(await new PhotoTransfer(importer).EnforceAsync(User, revoked));
            Assert.Null(await importer.ExportAsync(User));
        }

        // What was trained here is nobody's to revoke.
        Assert.False(await new PhotoTransfer(exporter).EnforceAsync(User, trust with { RevokedKeys = trust.PinnedKeys }));
        using var empty = Create(target);
        await Assert.ThrowsAsync<PhotoLabelException>(() => BundleAsync(empty, target, Terms));
    }

    [Fact]
    public async Task A_cancelled_import_changes_nothing_and_can_be_repeated()
    {
        using var source = await _first.OpenAsync();
        using var target = await _second.OpenAsync();
        using var exporter = Create(source);
        using var importer = Create(target);
        await LearnAsync(exporter);
        var bundle = await BundleAsync(exporter, source, Terms);
        using var cancellation = new CancellationTokenSource();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await new PhotoTransfer(importer).ImportAsync(User, new MemoryStream(bundle),
            new BundleVerifier(Trust(source), await SealedTrustState.OpenAsync(target)), cancellationToken: cancellation.Token));
        Assert.Empty(await importer.LabelsAsync(User));
        await ImportAsync(importer, target, bundle, Trust(source));
        await SameAsync(exporter, importer);
    }

    [Fact]
    public async Task A_signed_bundle_whose_content_is_no_label_model_is_refused()
    {
        using var source = await _first.OpenAsync();
        using var target = await _second.OpenAsync();
        using var exporter = Create(source);
        using var importer = Create(target);
        await LearnAsync(exporter);
        var trust = Trust(source);
        using var reader = BundleReader.Open(new MemoryStream(await BundleAsync(exporter, source, Terms)), new BundleVerifier(trust, new MemoryTrustState()));
        var (manifest, bytes) = (reader.Manifest, reader.ReadPayload());
        foreach (var (setting, value) in new[] { ("options", "null"), ("options", "{"), ("options", "{\"Rank\":-1}"), ("block_count", "x") })
            await RefusedAsync(manifest with { Lora = new Dictionary<string, ManifestValue>(manifest.Lora, StringComparer.Ordinal) { [setting] = ManifestValue.Of(value), ["lora_config"] = ManifestValue.Of("{}") } }, bytes);
        foreach (var labels in new[] { "[]", "null", "{", "[\"a\",\"b\"]", "[\"a\",\"b\",null]", "[\"a\",\"b\",\" \"]", "[\"a\",\"b\",\"a\"]", "[\"a\",\"b\",\"c\\u001b[2J\"]", $"[\"a\",\"b\",\"{new string('x', 201)}\"]" })
            await RebuiltAsync(tensor => tensor.Name == "labels" ? ("U8", [labels.Length], Encoding.UTF8.GetBytes(labels)) : null);
        await RebuiltAsync(tensor => tensor.Name == "head.centre" ? ("F32", [1], new byte[4]) : null);
        await RebuiltAsync(tensor => tensor.Name == "head.calibration" ? ("F32", [3], new byte[12]) : null);
        await RebuiltAsync(tensor => tensor.Name == "head.biases" ? ("F32", [3], [0, 0, 0xC0, 0x7F, .. new byte[8]]) : null);
        await RebuiltAsync(tensor => tensor.Name == "head.biases" ? ("I32", [3], new byte[12]) : null);
        Assert.Empty(await importer.LabelsAsync(User));
        Assert.Null(await importer.ExportAsync(User));

        async Task RebuiltAsync(Func<BundleTensor, (string Dtype, long[] Shape, byte[] Bytes)?> change)
        {
            var payload = new BundlePayload();
            foreach (var tensor in manifest.Tensors)
            {
                if (change(tensor) is { } other) payload.Add(tensor.Name, other.Dtype, other.Shape, other.Bytes);
                else payload.Add(tensor.Name, tensor.Dtype, tensor.Shape, bytes.AsSpan((int)tensor.Offset, (int)tensor.Length));
            }

            using var content = new MemoryStream();
            payload.OpenRead().CopyTo(content);
            await RefusedAsync(manifest with { Tensors = payload.Tensors }, content.ToArray());
        }

        async Task RefusedAsync(BundleManifest changed, byte[] content)
        {
            var error = await Assert.ThrowsAsync<PhotoImportException>(() => ImportAsync(importer, target, Sign(source, changed, content), trust, state: new MemoryTrustState()));
            Assert.Equal(PhotoImportFault.Unsupported, error.Fault);
        }
    }

    public void Dispose()
    {
        _first.Dispose();
        _second.Dispose();
    }

    // Bundles that a believed signer made, and that hold something else: refused by the manifest alone.
    private static IEnumerable<(BundleManifest Manifest, byte[] Payload)> Forgeries(byte[] bundle, TrustStore trust)
    {
        using var reader = BundleReader.Open(new MemoryStream(bundle), new BundleVerifier(trust, new MemoryTrustState()));
        var (manifest, payload) = (reader.Manifest, reader.ReadPayload());
        yield return (manifest with { Lora = With("format", "personatune.lora/1") }, payload);
        yield return (manifest with { Lora = new Dictionary<string, ManifestValue>() }, payload);
        yield return (manifest with { Lora = manifest.Lora.Where(entry => entry.Key != "framing").ToDictionary() }, payload);

        Dictionary<string, ManifestValue> With(string name, string value) => new(manifest.Lora, StringComparer.Ordinal) { [name] = ManifestValue.Of(value) };
    }

    private static PhotoLabeler Create(SealedStore store, bool lora = false) =>
        new(Encoder.Value, TestModel.Pool, store, new PhotoLabelerOptions { Gate = false, Training = new PhotoTrainingOptions { Layers = lora ? 4 : 0, Epochs = 2, Views = 2 } });

    private static async Task LearnAsync(PhotoLabeler labeler)
    {
        foreach (var label in new[] { "my mug", "our garden", "the beach" })
            await labeler.TeachAsync(User, label, [.. Folder("teach", label).Select(photo => ($"secret-{photo.Name}", photo.Image))]);
        await labeler.TrainAsync(User);
    }

    private static async Task SameAsync(PhotoLabeler left, PhotoLabeler right)
    {
        foreach (var path in new[] { "test/my mug/01.jpg", "test/the beach/02.jpg", "test/our cat/01.jpg" })
        {
            var (a, b) = (await left.SuggestAsync(User, Picture(path)), await right.SuggestAsync(User, Picture(path)));
            Assert.Equal(3, a.Labels.Count);
            Assert.Equal(a.Labels, b.Labels);
            Assert.Equal(a.Unknown, b.Unknown);
        }
    }

    private static TrustStore Trust(SealedStore source)
    {
        using var certificate = Certificate(source);
        return new TrustStore { Audience = "photos", PinnedKeys = [new ManifestSigner(certificate).KeyId] };
    }

    private static System.Security.Cryptography.X509Certificates.X509Certificate2 Certificate(SealedStore source) =>
        source.Keyring.Identity.CreateCertificate("first", TimeProvider.System.GetUtcNow(), TimeSpan.FromDays(3650));

    private static async Task<byte[]> BundleAsync(PhotoLabeler labeler, SealedStore source, AdapterExportOptions options, TimeProvider? time = null)
    {
        using var certificate = Certificate(source);
        using var stream = new MemoryStream();
        await new PhotoTransfer(labeler, time).ExportAsync(User, stream, options, new ManifestSigner(certificate));
        return stream.ToArray();
    }

    private static byte[] Sign(SealedStore source, BundleManifest manifest, byte[] payload)
    {
        using var certificate = Certificate(source);
        using var stream = new MemoryStream();
        BundleWriter.Write(stream, manifest, new MemoryStream(payload), new ManifestSigner(certificate));
        return stream.ToArray();
    }

    private static async Task<PhotoImportReport> ImportAsync(PhotoLabeler labeler, SealedStore target, byte[] bundle, TrustStore trust, HpkeKeyPair? key = null, ITrustState? state = null, int hours = 0, bool replace = false) =>
        await new PhotoTransfer(labeler).ImportAsync(User, new MemoryStream(bundle, writable: false),
            new BundleVerifier(trust, state ?? await SealedTrustState.OpenAsync(target), new FixedClock(TimeSpan.FromHours(hours))), key, replace);

    private static byte[] Tensors(byte[]? model)
    {
        var (result, _) = PhotoModelFile.Read(model, Encoder.Value);
        return PhotoModelFile.Write(result, Encoder.Value.Digest);
    }

    private static RgbImage Picture(string path) => ImageFile.Decode(File.ReadAllBytes(Path.Combine(Pictures, path)));

    private static (string Name, RgbImage Image)[] Folder(string set, string label) =>
        [.. Directory.GetFiles(Path.Combine(Pictures, set, label)).Order(StringComparer.Ordinal).Select(path => (Path.GetFileName(path), ImageFile.Decode(File.ReadAllBytes(path))))];

    private sealed class FixedClock(TimeSpan offset) : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = System.GetUtcNow() + offset;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
